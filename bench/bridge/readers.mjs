// ./dev bench bridge readers [--json] [--clients N]: clients that ask for much in one message and read nothing,
// what they make the server hold, and what a polite client notices.

import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { startServer } from "../../js/test/package/server.mjs";
import { median } from "../js/measure.mjs";
import { open, openPeer } from "./peer.mjs";
import { startBridge } from "./proxies.mjs";

const { values: options } = parseArgs({ options: {
  json: { type: "boolean", default: false },
  clients: { type: "string", default: "1000" },
} });
const clientsCount = Number(options.clients);
const requestsCount = 1024;
const politeBytes = 100;
const largeBytes = 2 ** 20;

const resp = (...words) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;

// One message, masked by zeros.
const framed = (text) => {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = 0x82;
  head[1] = 0x80 | 126;
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
};

const ask = ({ port }, ...words) => new Promise((resolve, reject) => {
  const socket = connect(port, "127.0.0.1", () => socket.write(resp(...words)));
  socket.once("data", (bytes) => { socket.destroy(); resolve(bytes.toString()); });
  socket.once("error", reject);
});
const usedMemory = async (server) =>
  Number(/used_memory:(\d+)/.exec(await ask(server, "INFO", "memory"))[1]);

/** Median microseconds of one request after the other. */
const politeLatency = async (peer) => {
  const times = [];
  for (let i = 0; i < 3000; ++i) {
    const began = performance.now();
    await peer.ask();
    times.push(1000 * (performance.now() - began));
  }
  return median(times);
};

const trainingReply = "$-1\r\n".length;
const attacks = [
  { name: "one large value, over and over", message: resp("GET", "large").repeat(requestsCount), each: largeBytes },
  { name: "the same, from clients that have read 200 small replies", trained: 200,
    message: resp("GET", "large").repeat(requestsCount), each: largeBytes },
  { name: "SETs behind a BLPOP that waits for ever", each: 0,
    message: resp("BLPOP", "nothing", "0") + resp("SET", "other", "v".repeat(1000)).repeat(60) },
];

const train = async (socket, times) => {
  const small = resp("GET", "none");
  const message = Buffer.concat([Buffer.from([0x82, 0x80 | small.length, 0, 0, 0, 0]), Buffer.from(small)]);
  for (let i = 0; i < times; ++i) {
    socket.write(message);
    let left = 2 + trainingReply;
    while (left > 0) {
      left -= await new Promise((resolve) => { socket.once("data", (bytes) => resolve(bytes.length)); });
    }
  }
};

const settle = async (server) => {
  for (let before = -1, quiet = 0; quiet < 3;) {
    await pause(500);
    const now = await usedMemory(server);
    quiet = Math.abs(now - before) < 2 ** 20 ? quiet + 1 : 0;
    before = now;
  }
  return usedMemory(server);
};

const say = (what, value, bound, met) => {
  if (options.json) console.log(JSON.stringify({ what, value, bound, met }));
  else console.log(`  ${met ? "met   " : "MISSED"} ${what}: ${value} (${bound})`);
};
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-readers-"));
let isMet = true;
for (const { name, message, each, trained = 0 } of attacks) {
  const server = await startServer(["--maxclients", "20000"]);
  const bridge = await startBridge(server.port, folder, process.env.PLIMSOLL_BRIDGE);
  try {
    await ask(server, "SET", "large", "v".repeat(largeBytes));
    await ask(server, "SET", "k", "v".repeat(politeBytes));
    const polite = await openPeer(bridge, politeBytes);
    await politeLatency(polite);
    const quiet = await politeLatency(polite);
    const before = await usedMemory(server);
    const sockets = [];
    for (let i = 0; i < clientsCount; ++i) {
      const socket = await open(bridge);
      socket.on("error", () => {});
      if (trained > 0) await train(socket, trained);
      socket.pause();
      sockets.push(socket);
    }
    for (const socket of sockets) socket.write(framed(message));
    const grown = await settle(server) - before;
    const busy = await politeLatency(polite);
    const bound = clientsCount * (64 * 1024 + each);
    if (!options.json) console.log(`${name}: ${clientsCount} clients`);
    say("the server's growth", mib(grown), `at most ${mib(bound)}`, grown <= bound);
    say("a polite client's median", `${busy.toFixed(0)} us; without them ${quiet.toFixed(0)}`,
      "at most 2 x", busy <= 2 * quiet);
    isMet = isMet && grown <= bound && busy <= 2 * quiet;
    for (const socket of sockets) socket.destroy();
    polite.close();
  } finally {
    bridge.stop();
    await server.stop();
  }
}
rmSync(folder, { recursive: true });
process.exit(isMet ? 0 : 1);
