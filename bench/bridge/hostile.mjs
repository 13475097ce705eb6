// ./dev bench bridge hostile [--json] [--connections N] [--only TEXT]: strangers who open connections and
// finish nothing, what they cost the bridge, and how long a client of another network waits to get in.
//
// The bridge takes the addresses from the header of the PROXY protocol: one machine has not so many.

import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { startServer } from "../../js/test/package/server.mjs";
import { makeCertificates } from "../../js/test/package/tls.mjs";
import { startNewcomers } from "./newcomer.mjs";
import { startBridge } from "./proxies.mjs";

const { values: options } = parseArgs({ options: {
  json: { type: "boolean", default: false },
  connections: { type: "string", default: "6000" },
  only: { type: "string", default: "" },
} });

const memoryLimit = 64 * 2 ** 20;
const residentMax = memoryLimit + 16 * 2 ** 20;
const waitMax = 1000;  // milliseconds
const newcomersCount = 5;
// 2,000 a second: more would be an attack on the processor.
const tick = 10;
const opensPerTick = 20;
const seconds = 6;  // longer than handshake_timeout: what it ends is opened anew

const headerOf = (address) => `PROXY TCP6 ${address} ::1 5000 8080\r\n`;
const half = "GET / HTTP/1.1\r\nHost: loc";
// A record of 16 KiB that holds a ClientHello, and most of it.
const longHello = Buffer.concat([Buffer.from([0x16, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xf0, 3, 3]),
  Buffer.alloc(16_000, 0x61)]);

const oneNetwork = (i) => `2001:db8::${(i % 65_536).toString(16)}`;
const manyNetworks = (i) => `2001:db8:0:${(i % 1000).toString(16)}::${(i % 65_536).toString(16)}`;

/**
 * What each attacker sends, from which address, to a bridge with TLS or without. An attack with `open` opens
 * its connections itself: `open(bridge, i)` resolves to a socket.
 */
const attacks = [
  { name: "half requests of one /64", sends: half, address: oneNetwork },
  { name: "half requests of 1,000 networks", sends: half, address: manyNetworks },
  { name: "headers of 8 KB without an end, of 1,000 networks", sends: `${half}${"x".repeat(8000)}`,
    address: manyNetworks },
  { name: "silent in TLS, of one /64", tls: true, sends: "", address: oneNetwork },
  { name: "silent in TLS, of 1,000 networks", tls: true, sends: "", address: manyNetworks },
  { name: "one byte of TLS, of 1,000 networks", tls: true, sends: "\x16", address: manyNetworks },
  { name: "16 KB of a ClientHello, of 1,000 networks", tls: true, sends: longHello, address: manyNetworks },
];

const openHalf = async ({ port }, { sends, address }, i) => {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(headerOf(address(i)));
  socket.write(sends);
  return socket;
};

const residentBytes = (pid) =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

const metrics = async ({ metricsPort }) => {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return (name) => Number(new RegExp(`^plimsoll_bridge_${name} (\\d+)$`, "m").exec(text)[1]);
};

/** Keeps `count` connections open for some seconds, and has newcomers come in meanwhile. */
const attack = async (bridge, plan, newcomers, ca, count) => {
  let isOver = false;
  let opened = 0;
  const sockets = new Set();
  const open = plan.open ?? ((to, i) => openHalf(to, plan, i));
  const openOne = async () => {
    try {
      const socket = await open(bridge, opened++);
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      if (plan.open === undefined) socket.resume();
    } catch {
      // Refused; the next one may fare better.
    }
  };
  const keepOpening = async () => {
    while (!isOver) {
      const more = Math.min(opensPerTick, count - sockets.size);
      await Promise.all([pause(tick), ...Array.from({ length: Math.max(more, 0) }, openOne)]);
    }
  };
  const opening = keepOpening();
  const found = { resident: 0, waits: [], tries: 0 };
  for (let second = 0; second < seconds; ++second) {
    await pause(1000);
    found.resident = Math.max(found.resident, residentBytes(bridge.pid));
    if (seconds - second > newcomersCount) continue;
    const { took, tries } = await newcomers.comeIn({ port: bridge.port, token: bridge.webSocket.token,
      ca: plan.tls ? ca : undefined, address: `203.0.113.${second + 1}` });
    found.waits.push(took);
    found.tries = Math.max(found.tries, tries);
    found.resident = Math.max(found.resident, residentBytes(bridge.pid));
  }
  const said = await metrics(bridge);
  isOver = true;
  await opening;
  for (const socket of sockets) socket.destroy();
  return { ...found, opened, used: said("memory_peak_bytes"), halfOpen: said("half_open_connections"),
    dropped: said("dropped_half_open_total") };
};

const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const say = (plan, found) => {
  const wait = Math.max(...found.waits);
  const rows = [
    ["resident", mib(found.resident), `at most ${mib(residentMax)}`, found.resident <= residentMax],
    ["charged", mib(found.used), `at most ${mib(memoryLimit)}`, found.used <= memoryLimit],
    ["a client of another network is in after", `${wait.toFixed(0)} ms`, `at most ${waitMax} ms`,
      wait <= waitMax],
  ];
  if (options.json) {
    for (const [what, value, bound, met] of rows) {
      console.log(JSON.stringify({ attack: plan.name, what, value, bound, met }));
    }
  } else {
    console.log(`${plan.name}: ${found.opened} opened, ${found.halfOpen} half-open in the end, ` +
      `${found.dropped} dropped to make room`);
    for (const [what, value, bound, met] of rows) {
      console.log(`  ${met ? "met   " : "MISSED"} ${what}: ${value} (${bound})`);
    }
    if (found.tries > 1) console.log(`         it tried ${found.tries} times`);
  }
  return rows.every(([, , , met]) => met);
};

const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-hostile-"));
const certificates = makeCertificates();
const server = await startServer(["--maxclients", "20000"]);
const newcomers = await startNewcomers();
let isMet = true;
try {
  // An attacker's end of a connection is a descriptor of this process, and the bridge's end one of it.
  const limit = Number(/Max open files\s+(\d+)/.exec(readFileSync("/proc/self/limits", "utf8"))[1]);
  const count = Math.min(Number(options.connections), limit - 200);
  for (const plan of attacks.filter(({ name }) => name.includes(options.only))) {
    const bridge = await startBridge(server.port, folder, process.env.PLIMSOLL_BRIDGE, {
      config: `
        proxy_protocol = true
        trusted_proxies = ["127.0.0.0/8"]
        ${plan.tls ? `[tls]
        certificate_file = "${certificates.certificateFile}"
        key_file = "${certificates.keyFile}"` : ""}
        ${plan.config ?? ""}`,
      limits: `
        memory_limit = "64 MiB"
        ${plan.limits ?? ""}`,
    });
    try {
      isMet = say(plan, await attack(bridge, plan, newcomers, certificates.ca, count)) && isMet;
    } finally {
      bridge.stop();
    }
  }
} finally {
  await newcomers.stop();
  await server.stop();
  certificates.remove();
  rmSync(folder, { recursive: true });
}
process.exit(isMet ? 0 : 1);
