// Private clusters, on ports that they pick free, which end with their tests.

import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { holdPort } from "./ports.mjs";
import { startServer } from "./server.mjs";

/** The reply to one command as RESP has it, as far as it comes in one piece: enough for those below. */
const ask = (port, ...words) => new Promise((resolve, reject) => {
  const socket = connect(port, "127.0.0.1", () => socket.write(`${words.join(" ")}\r\n`));
  socket.once("data", (bytes) => {
    socket.destroy();
    resolve(bytes.toString());
  });
  socket.once("error", reject);
});

/** Asks a server that is to say OK. */
export const tell = async (port, ...words) => {
  const reply = await ask(port, ...words);
  if (!reply.startsWith("+OK")) throw new Error(`${words.join(" ")}: ${reply}`);
};

const until = async (condition) => {
  while (!await condition()) await sleep(10);
};

/**
 * A cluster of `count` primaries, of which each serves an equal part of the slots; without replicas. `options`: of each server.
 * Each server has its `port` and the `id` under which the cluster knows it.
 */
export const startPrimaries = async (count, options = []) => {
  const servers = [];
  for (let i = 0; i < count; ++i) {
    const bus = await holdPort();
    const server = await startServer(["--cluster-enabled", "yes", "--cluster-port", `${bus}`, ...options]);
    const [, id] = (await ask(server.port, "CLUSTER", "MYID")).split("\r\n");
    servers.push({ ...server, bus, id });
  }
  const firstOf = (index) => Math.ceil(16384 * index / count);
  for (const [index, { port }] of servers.entries()) {
    await tell(port, "CLUSTER", "ADDSLOTSRANGE", firstOf(index), firstOf(index + 1) - 1);
    await tell(port, "CLUSTER", "SET-CONFIG-EPOCH", index + 1);
    if (index > 0) await tell(servers[0].port, "CLUSTER", "MEET", "127.0.0.1", port, servers[index].bus);
  }
  for (const { port } of servers) {
    await until(async () => {
      const info = await ask(port, "CLUSTER", "INFO");
      return info.includes("cluster_state:ok") && info.includes(`cluster_size:${count}\r`);
    });
  }
  return {
    servers,
    address: `valkey+cluster://${servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
    stop: () => Promise.all(servers.map((server) => server.stop())),
  };
};
