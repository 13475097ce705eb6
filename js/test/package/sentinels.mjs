// Sentinels that watch private servers, on ports that are held for them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { holdPort } from "./ports.mjs";
import { startServer } from "./server.mjs";
import { until } from "./wait.mjs";

/** What a server or a sentinel answers to one command, as text. */
export const ask = (port, ...words) => new Promise((resolve, reject) => {
  let said = "";
  const socket = connect(port, "127.0.0.1", () => socket.write(`${words.join(" ")}\r\nPING\r\n`));
  socket.on("data", (bytes) => {
    said += bytes;
    if (!said.endsWith("+PONG\r\n")) return;
    socket.destroy();
    resolve(said.slice(0, -"+PONG\r\n".length));
  });
  socket.once("error", reject);
});

/** A sentinel that watches the primary at `primaryPort` under `name`. `lines`: more of its configuration. */
export const startSentinel = async (name, primaryPort, lines = [], port = undefined) => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-js-"));
  const own = port ?? await holdPort();
  const file = join(folder, "sentinel.conf");
  writeFileSync(file, [`port ${own}`, `dir ${folder}`, "bind 127.0.0.1",
    `sentinel monitor ${name} 127.0.0.1 ${primaryPort} 2`,
    `sentinel down-after-milliseconds ${name} 500`, `sentinel failover-timeout ${name} 5000`, ...lines, ""].join("\n"));
  const program = process.env.VALKEY_SERVER ?? "valkey-server";
  const sentinel = spawn(program, [file, "--sentinel"], { stdio: ["ignore", "pipe", "inherit"] });
  let log = "";
  for await (const text of sentinel.stdout) {
    log += text;
    if (log.includes("+monitor")) break;
  }
  if (!log.includes("+monitor")) throw new Error(`the sentinel does not start:\n${log}`);
  sentinel.stdout.resume();
  const stop = async (signal = "SIGTERM") => {
    const ended = once(sentinel, "exit");
    sentinel.kill(signal);
    if (sentinel.exitCode === null && sentinel.signalCode === null) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { port: own, pid: sentinel.pid, address: `127.0.0.1:${own}`, stop };
};

const fieldOf = (reply, name) => new RegExp(`\\r\\n${name}\\r\\n\\$\\d+\\r\\n([^\\r]*)`).exec(reply)?.[1];

/** Waits until this sentinel knows `others` sentinels and `replicas` replicas that are connected. */
export const knowsAll = (sentinel, name, others, replicas) => until(async () => {
  const primary = await ask(sentinel.port, "SENTINEL", "PRIMARY", name);
  if (fieldOf(primary, "num-other-sentinels") !== String(others)) return false;
  if (fieldOf(primary, "flags") !== "master") return false;
  const known = await ask(sentinel.port, "SENTINEL", "REPLICAS", name);
  return known.split("master-link-status\r\n$2\r\nok").length === replicas + 1;
});

/** A primary, `replicas` replicas of it, and `count` sentinels that know each other and all of these. */
export const startWatched = async ({ name = "fleet", replicas = 1, count = 3, options = [], lines = [] } = {}) => {
  const own = ["--repl-diskless-sync-delay", "0", ...options];
  const primary = await startServer(own);
  const replicaOf = () => startServer([...own, "--replicaof", "127.0.0.1", String(primary.port)]);
  const servers = [primary, ...await Promise.all(Array.from({ length: replicas }, replicaOf))];
  const sentinels = await Promise.all(Array.from({ length: count }, () => startSentinel(name, primary.port, lines)));
  return {
    name, servers, sentinels,
    address: `valkey+sentinel://${sentinels.map(({ address }) => address).join(",")}/${name}`,
    ready: () => Promise.all(sentinels.map((each) => knowsAll(each, name, count - 1, replicas))),
    stop: async () => {
      for (const each of [...sentinels, ...servers]) await each.stop();
    },
  };
};
