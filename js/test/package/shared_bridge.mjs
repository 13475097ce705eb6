// A bridge whose connections are shared, in front of a cluster or of one server, with a token for each profile.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Client } from "plimsoll";
import { WebSocket as GivenWebSocket } from "ws";

import { makeToken, runBridge } from "./bridge.mjs";
import { holdPort } from "./ports.mjs";

const WebSocket = globalThis.WebSocket ?? GivenWebSocket;
const program = process.env.PLIMSOLL_BRIDGE ?? "plimsoll-bridge";

/** Lines of [upstreams.main] that lead to a cluster of startNodes(). The first node alone would do. */
export const toCluster = ({ nodes }) => {
  const [first, ...others] = nodes.map(({ address }) => address);
  return `url = "valkey://${first}"\ntopology = "cluster"\nseeds = ${JSON.stringify(others)}`;
};

/** The same for a server of startServer(), whose connections are shared. */
export const toServer = ({ port }) => `url = "valkey://127.0.0.1:${port}"\nshare_connections = true`;

/** Commands may take so long: what a test does to nodes is over by then. */
export const requestTimeout = 60_000;

/**
 * Listens until stop(). `upstream`: what toCluster() or toServer() returns. `users`: profile -> a user of the server's,
 * whose password is its name; undefined is the default user. `cache`: lines of [upstreams.main.cache]. `timeout`:
 * milliseconds of a command at the nodes. `config`, `profile`, `limits`: more lines of the file, of all profiles, and of
 * the limits.
 */
export const startSharedBridge = async (upstream,
  { users = { page: undefined }, cache, timeout = requestTimeout, config = "", profile = "", limits = "",
    listen = "127.0.0.1:0" } = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-shared-"));
  const write = (name, text) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  const metricsPort = await holdPort();
  const tokens = {};
  const lines = [];
  let profiles = "";
  for (const [name, user] of Object.entries(users)) {
    const made = makeToken(program, name);
    tokens[name] = made.token;
    lines.push(`${made.line}\n`);
    if (user !== undefined) write(`${user}.password`, user);
    const login = user === undefined ? "" : `username = "${user}"\npassword_file = "${user}.password"`;
    profiles += `[profiles.${name}]\n${login}\nallow = ["@all"]\nchannel_prefixes = [""]\nconnections_max = 1000\n${profile}\n`;
  }
  write("tokens", lines.join(""));
  write("bridge.toml", `
    listen = ["${listen}"]
    metrics = "127.0.0.1:${metricsPort}"
    tokens_file = "tokens"
    ${config}
    [upstreams.main]
    ${upstream}
    request_timeout = "${timeout} ms"
    ${cache === undefined ? "" : `[upstreams.main.cache]\n${cache}`}
    ${profiles}
    [limits]
    request_bytes_max = "16 MiB"
    connections_per_address_max = 1000
    upgrades_per_second_per_address = 1000
    ${limits}
  `);
  const bridge = await runBridge(program, ["--config", join(folder, "bridge.toml")], /listening on .+$/m);
  const clients = [];
  return {
    ...bridge,
    tokens,
    /** A client of the package's, of the first profile unless told otherwise. */
    connect: async ({ profile: as = Object.keys(users)[0], ...options } = {}) => {
      const client = await Client.connect(bridge.address, { WebSocket, token: tokens[as],
        requestTimeout: requestTimeout + 10_000, connectTimeout: 30_000, reconnectWaitMax: 20, ...options });
      clients.push(client);
      return client;
    },
    /** The sum of a metric's rows. */
    metric: async (name) => {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      const rows = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))];
      if (rows.length === 0) throw new Error(`the bridge has no metric ${name}`);
      return rows.reduce((sum, [, number]) => sum + Number(number), 0);
    },
    /** Closes what connect() has made, too. */
    stop: async () => {
      for (const client of clients) await client.close();
      const status = await bridge.stop();
      rmSync(folder, { recursive: true, force: true });
      return status;
    },
  };
};
