// Real proxies on loopback, with TLS, in front of a bridge, as examples/bridge shows it: only
// addresses, files and times are others.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readExample } from "./bridge_examples.mjs";
import { holdPort } from "./ports.mjs";
import { sleep } from "./wait.mjs";

const listens = (port) => new Promise((resolve) => {
  const socket = connect(port, "127.0.0.1");
  socket.once("connect", () => { socket.destroy(); resolve(true); });
  socket.once("error", () => resolve(false));
});

// `log`: what the proxy has said of connections.
const start = async (program, args, port, folder, log) => {
  const proxy = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [proxy.stdout, proxy.stderr]) {
    stream.on("data", (text) => { said += text; });
  }
  const ended = once(proxy, "exit");
  while (!await listens(port)) {
    if (proxy.exitCode !== null) throw new Error(`${program} does not start:\n${said}`);
    await sleep(5);
  }
  const stop = async () => {
    proxy.kill();
    await ended;
    rmSync(folder, { recursive: true });
  };
  return { address: `wss://127.0.0.1:${port}/`, log: () => log(said), stop };
};

const startNginx = async (bridge, certificates, replacements) => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-nginx-"));
  const port = await holdPort();
  const accessLog = join(folder, "access.log");
  writeFileSync(join(folder, "bridge.conf"), readExample("nginx.conf", [
    ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
    ["listen [::]:443 ssl;", ""],
    ["/etc/ssl/private/bridge.example.org.crt", certificates.certificateFile],
    ["/etc/ssl/private/bridge.example.org.key", certificates.keyFile],
    ["/var/log/nginx/bridge.access.log", accessLog],
    ["127.0.0.1:8380;", `127.0.0.1:${bridge.port};`],
    ...replacements,
  ]));
  const file = join(folder, "nginx.conf");
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(file, `daemon off;\npid ${join(folder, "pid")};\nerror_log stderr;\nevents { }\nhttp {
    ${folders.map((name) => `${name}_temp_path ${join(folder, name)};`).join("\n")}
    include ${join(folder, "bridge.conf")};\n}\n`);
  return start("/usr/sbin/nginx", ["-e", "stderr", "-c", file], port, folder,
    () => readFileSync(accessLog, "utf8"));
};

const runHaproxy = async (example, bridge, folder, replacements) => {
  const port = await holdPort();
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, readExample(example, [
    ["log /dev/log local0", "log stdout format raw local0"],
    ["maxconn 20000", "maxconn 1000"],
    ["bind :443", `bind 127.0.0.1:${port}`],
    // "inter" is a check's time limit, too: 20 ms of it made a bridge on a busy machine look gone.
    ["check port 9380 inter 2s", `check port ${bridge.metricsPort} inter 60s downinter 20ms`],
    ["server bridge1 127.0.0.1:8380", `server bridge1 127.0.0.1:${bridge.port}`],
    ...replacements,
  ]));
  return start("/usr/sbin/haproxy", ["-db", "-f", file], port, folder, (said) => said);
};

const startHaproxy = (bridge, certificates, replacements) => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-haproxy-"));
  const pair = join(folder, "pair.pem");
  writeFileSync(pair, [certificates.certificateFile, certificates.keyFile]
    .map((name) => readFileSync(name, "utf8")).join(""));
  return runHaproxy("haproxy.cfg", bridge, folder,
    [["/etc/haproxy/bridge.example.org.pem", pair], ...replacements]);
};

/** haproxy in front of a bridge ({ port, metricsPort }) with TLS of its own, and `proxy_protocol`. */
export const startTcpHaproxy = (bridge) =>
  runHaproxy("haproxy-tcp.cfg", bridge, mkdtempSync(join(tmpdir(), "plimsoll-haproxy-")), []);

/**
 * How each is started, in front of `bridge` ({ port, metricsPort }), what to replace for it to append to
 * X-Forwarded-For, and which of its times ends a WebSocket.
 */
export const proxies = {
  nginx: {
    start: startNginx,
    appending: [["X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for"]],
    idleFor: (time) => [["proxy_read_timeout 75s", `proxy_read_timeout ${time}`],
      ["proxy_send_timeout 75s", `proxy_send_timeout ${time}`]],
  },
  haproxy: {
    start: startHaproxy,
    appending: [["http-request set-header X-Forwarded-For %[src]", "option forwardfor"]],
    idleFor: (time) => [["timeout tunnel 75s", `timeout tunnel ${time}`]],
  },
};
