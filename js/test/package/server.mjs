// Private servers, on ports that they pick free, which end with their tests.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { holdPort } from "./ports.mjs";
import { until } from "./wait.mjs";

/** A valkey-server of its own. */
export const startServer = async (options = []) => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-js-"));
  const port = await holdPort();
  const program = process.env.VALKEY_SERVER ?? "valkey-server";
  const server = spawn(program, ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "",
    "--dir", folder, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  let log = "";
  for await (const text of server.stdout) {
    log += text;
    if (log.includes("Ready to accept connections")) break;
  }
  if (!log.includes("Ready to accept connections")) {
    throw new Error(`valkey-server does not start:\n${log}`);
  }
  server.stdout.resume();
  const stop = async () => {
    const ended = once(server, "exit");
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, pid: server.pid, address: `valkey://127.0.0.1:${port}`, stop };
};

/** A valkey-server that is a cluster by itself, and serves all slots. */
export const startCluster = async () => {
  const cluster = await startServer(["--cluster-enabled", "yes", "--cluster-port", `${await holdPort()}`]);
  const ask = (...words) => new Promise((resolve, reject) => {
    const socket = connect(cluster.port, "127.0.0.1", () => socket.write(`${words.join(" ")}\r\n`));
    socket.once("data", (bytes) => {
      socket.destroy();
      resolve(bytes.toString());
    });
    socket.once("error", reject);
  });
  await ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await until(async () => (await ask("CLUSTER", "INFO")).includes("cluster_state:ok"));
  return cluster;
};
