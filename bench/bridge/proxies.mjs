// The bridge, and what else carries bytes to a server: each started on a port of its own, with a way to
// know what it has cost.

import { spawn } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

import { makeToken } from "../../js/test/package/bridge.mjs";
import { holdPort } from "../../js/test/package/ports.mjs";

const ticksPerSecond = 100;

/** Microseconds of processor time that a process and its children have had. */
const cpuOf = (pid) => {
  let ticks = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    let fields;
    try {
      fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1).split(" ");
    } catch {
      continue;  // it has ended meanwhile
    }
    if (Number(name) === pid || Number(fields[1]) === pid) {
      ticks += fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
    }
  }
  return ticks * 1e6 / ticksPerSecond;
};

const answers = async (port) => {
  for (let attempt = 0; attempt < 100; ++attempt) {
    const is = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => { socket.destroy(); resolve(true); });
      socket.once("error", () => resolve(false));
    });
    if (is) return;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  throw new Error(`nobody listens on ${port}`);
};

const start = async (program, args, port, rest) => {
  const child = spawn(program, args, { stdio: "ignore" });
  await answers(port);
  return { port, pid: child.pid, cpu: () => cpuOf(child.pid), stop: () => child.kill(), ...rest };
};

const limitsOfPeers = `
    connections_max = 12_000
    connections_per_address_max = 12_000
    upgrades_per_second_per_address = 12_000
`;

/**
 * In front of the server on that port; `metricsPort` is where its metrics are. `config`, `upstream` and `limits` are
 * lines of its file: at its beginning, of the server, and of the limits.
 */
export const startBridge = async (server, folder, program,
  { config = "", upstream = "", limits = limitsOfPeers } = {}) => {
  const port = await holdPort();
  const metricsPort = await holdPort();
  const { token, line } = makeToken(program, "bench");
  writeFileSync(join(folder, "tokens"), line);
  const file = join(folder, "bridge.toml");
  writeFileSync(file, `
    listen = ["127.0.0.1:${port}"]
    metrics = "127.0.0.1:${metricsPort}"
    tokens_file = "tokens"
    ${config}
    [upstreams.main]
    url = "valkey://127.0.0.1:${server}"
    ${upstream}
    [profiles.bench]
    allow = ["get", "set", "blpop", "subscribe"]
    channel_prefixes = ["news"]
    connections_max = 12_000
    [limits]
    ${limits}
  `);
  return start(program, ["--config", file], port,
    { metricsPort, webSocket: { protocol: "resp", token } });
};

const startWebsockify = async (server) => {
  const port = await holdPort();
  // A process for each connection: of a thousand it does not come to an end.
  return start("websockify", [`127.0.0.1:${port}`, `127.0.0.1:${server}`], port,
    { webSocket: { protocol: "binary" }, connectionsMax: 100 });
};

const startHaproxy = async (server, folder) => {
  const port = await holdPort();
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, `
global
  maxconn 4000
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen valkey
  bind 127.0.0.1:${port}
  server valkey 127.0.0.1:${server}
`);
  return start("haproxy", ["-f", file], port, {});
};

/** Name -> proxy, in front of the server on that port; "none" is no proxy at all. */
export const startProxies = async (server, folder, bridge) => ({
  "plimsoll-bridge": await startBridge(server, folder, bridge),
  websockify: await startWebsockify(server),
  haproxy: await startHaproxy(server, folder),
  none: { port: server, cpu: () => 0, stop: () => {} },
});
