import { inMicrotask } from "../own-timers.js";
import type { Connect } from "./transport.js";

// For browsers, which have no TCP, and bundles for Node that lack its condition: every attempt to connect fails.

export const connectTcp: Connect = (_address, events) => {
  let over = false;
  inMicrotask(() => {
    if (over) return;
    events.closed(new Error(
      "this runtime has no TCP sockets: connect to a bridge by ws:// or wss://; a bundle for Node, Deno or Bun has " +
        'them if its bundler goes by the condition "node"',
    ));
  });
  const nothing = (): void => {};
  return {
    canPause: false, write: () => true, pause: nothing, resume: nothing, close: () => { over = true; },
  };
};
