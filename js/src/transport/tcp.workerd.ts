import { connect } from "cloudflare:sockets";
import { inMicrotask } from "../own-timers.js";
import type { Connect, Transport } from "./transport.js";

// TCP and TLS on workers. A socket belongs to the request that opened it, and ends with it.

const queuedBytesMax = 1024 * 1024;

export const connectTcp: Connect = (address, events, options): Transport => {
  const secure = address.protocol === "valkeys";
  const { ca } = options.tls ?? {};
  let over = false;
  let queued = 0;
  let full = false;
  let paused = false;
  let wake: (() => void) | undefined;
  const end = (error?: unknown): void => {
    if (over) return;
    over = true;
    events.closed(error === undefined || error instanceof Error ? error : new Error(String(error)));
  };
  // An exception of the runtime is reported by closed(), as any other failure.
  const begin = (): ReturnType<typeof connect> | undefined => {
    try {
      if (ca !== undefined) throw new Error("a worker trusts its runtime's authorities: no tls.ca");
      if (address.path !== undefined) throw new Error("a worker has no unix sockets");
      return connect({ hostname: address.host, port: address.port },
        { secureTransport: secure ? "on" : "off", allowHalfOpen: false });
    } catch (error) {
      inMicrotask(() => end(error));
      return undefined;
    }
  };
  const socket = begin();
  const writer = socket?.writable.getWriter();
  const read = async (): Promise<void> => {
    if (socket === undefined) return;
    await socket.opened;
    if (over) return;
    events.opened();
    const reader = socket.readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || over) break;
      if (value !== undefined) events.data(value);
      while (paused && !over) await new Promise<void>((resolve) => { wake = resolve; });
    }
    end();
  };
  read().catch(end);
  const written = (size: number): void => {
    queued -= size;
    if (!full || queued > queuedBytesMax / 2 || over) return;
    full = false;
    events.drained();
  };
  return {
    canPause: true,
    write: (bytes) => {
      queued += bytes.length;
      // The stream keeps the bytes until they are sent, so it gets a copy.
      writer?.write(bytes.slice()).then(() => written(bytes.length), end);
      full = queued > queuedBytesMax;
      return !full;
    },
    pause: () => { paused = true; },
    resume: () => {
      paused = false;
      wake?.();
    },
    close: () => {
      over = true;
      wake?.();
      socket?.close().catch(() => {});
    },
  };
};
