// A client of a network of its own that wants to get into a bridge, in a thread of its own: so it does not
// wait for those that attack. Imported, it is the way to such a thread.

import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort } from "node:worker_threads";

const patience = 5000;  // milliseconds
const betweenTries = 50;

/** The first bytes that come; rejects if the peer ends, or says nothing. */
const firstBytes = (socket) => new Promise((resolve, reject) => {
  socket.once("data", resolve);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("closed without an answer")));
  socket.setTimeout(patience, () => reject(new Error("no answer")));
});

const tryOnce = async ({ port, token, ca, address }) => {
  const tcp = connect({ port, host: "127.0.0.1", noDelay: true });
  tcp.on("error", () => {});
  try {
    await once(tcp, "connect");
    tcp.write(`PROXY TCP4 ${address} 127.0.0.1 5000 8080\r\n`);
    const socket = ca === undefined ? tcp : connectTls({ socket: tcp, ca, servername: "localhost" });
    socket.write(["GET / HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket",
      "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Protocol: resp", `Authorization: Bearer ${token}`, "", ""].join("\r\n"));
    return (await firstBytes(socket)).toString().startsWith("HTTP/1.1 101");
  } catch {
    return false;
  } finally {
    tcp.destroy();
  }
};

const comeIn = async (to) => {
  const began = performance.now();
  for (let tries = 1; performance.now() - began < patience; ++tries) {
    if (await tryOnce(to)) return { took: performance.now() - began, tries };
    await pause(betweenTries);
  }
  return { took: Infinity, tries: Infinity };
};

/**
 * Resolves to `comeIn({ port, token, ca, address })`, which resolves to the milliseconds that it took and
 * the number of tries, and `stop()`. With `ca` the client speaks TLS.
 */
export const startNewcomers = async () => {
  const worker = new Worker(fileURLToPath(import.meta.url));
  await once(worker, "online");
  const ask = async (to) => {
    worker.postMessage(to);
    return (await once(worker, "message"))[0];
  };
  return { comeIn: ask, stop: () => worker.terminate() };
};

if (!isMainThread) {
  parentPort.on("message", async (to) => parentPort.postMessage(await comeIn(to)));
}
