// The native demo of a cluster and the server of its page, as ./dev demo --cluster and the tests start them.

import { startReporter } from "./child.mjs";
import { startClusterServer } from "./cluster-server.mjs";

/**
 * `args` are the native demo's. `page` is the page's address, and `ended` resolves with the demo's exit status.
 * until() resolves when what the page shows is as it should be.
 */
export const startClusterStack = async ({ port = 0, args = [], output, program = process.env.PLIMSOLL_CLUSTER_DEMO }) => {
  if (program === undefined) throw new Error("PLIMSOLL_CLUSTER_DEMO is not set: expected the path of the native demo");
  let text = "null";
  let demo;
  const waiting = new Set();
  const server = await startClusterServer({ port, state: () => text, order: (words) => demo.order(words) });
  const page = `${server.origin}/`;
  demo = startReporter(program, ["--state-fd", "3", "--page", page, ...args], {
    output,
    // The native demo calls the server as the native tests do.
    env: { PLIMSOLL_VALKEY_SERVER: process.env.VALKEY_SERVER ?? "valkey-server", ...process.env },
    onLine: (line) => {
      text = line;
      if (waiting.size === 0) return;
      const state = JSON.parse(line);
      for (const each of waiting) if (each.is(state)) each.resolve(state);
    },
  });
  const ended = demo.ended.finally(() => server.stop());
  return {
    page,
    origin: server.origin,
    files: server.files,
    ended,
    leave: demo.leave,
    interrupt: demo.interrupt,
    /** The state that is as it should be; undefined if the demo ends before. */
    until: async (is) => {
      let each;
      const found = new Promise((resolve) => { each = { is, resolve }; });
      waiting.add(each);
      const over = () => undefined;
      return Promise.race([found, ended.then(over, over)]).finally(() => waiting.delete(each));
    },
  };
};
