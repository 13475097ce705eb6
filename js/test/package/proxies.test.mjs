// The bridge behind nginx and haproxy, over TLS: all that holds without a proxy, and what each of them
// has to hand on.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import * as plimsoll from "plimsoll";
import { WebSocket } from "ws";

import { cases, runCase } from "./behaviour/all.mjs";
import { until } from "./behaviour/check.mjs";
import { startBridge } from "./bridge.mjs";
import { proxies } from "./proxies.mjs";
import { holdPort } from "./ports.mjs";
import { startServer } from "./server.mjs";
import { makeCertificates } from "./tls.mjs";

plimsoll.configure({ memoryLimit: "32 MiB" });

const origin = "https://shop.example";
// The proxy itself comes from 127.0.0.1.
const clientAddress = "127.0.0.2";
const forgedAddress = "203.0.113.9";

let certificates;
let server;
let folder;
let accessLog;

before(async () => {
  certificates = makeCertificates();
  server = await startServer();
  folder = mkdtempSync(join(tmpdir(), "plimsoll-proxies-"));
  accessLog = join(folder, "access.log");
});

after(async () => {
  await server.stop();
  certificates.remove();
  rmSync(folder, { recursive: true });
});

const startBehind = (ports, limits = "") => startBridge(server, {
  listen: `127.0.0.1:${ports.port}`,
  config: `metrics = "127.0.0.1:${ports.metricsPort}"\norigins = ["${origin}"]\n` +
    `behind_proxy = true\ntrusted_proxies = ["127.0.0.1"]\naccess_log = "${accessLog}"`,
  limits: `upgrades_per_second_per_address = 1000\n${limits}`,
});

const holdPorts = async () => ({ port: await holdPort(), metricsPort: await holdPort() });

const optionsOfSocket = (more) => ({ ca: certificates.ca, localAddress: clientAddress, ...more });

// As a page would have it, for Node.
const makePageWebSocket = (more = {}) => class extends WebSocket {
  constructor(address, protocols) {
    super(address, protocols, optionsOfSocket({ origin, ...more }));
  }
};

const openSocket = (address, token, more) => new WebSocket(address,
  ["resp", `bearer.${Buffer.from(token).toString("base64url")}`], optionsOfSocket(more));

// Of the connections of openSocket() that are over, from where each came.
const addressesOfSockets = () => readFileSync(accessLog, "utf8").split("\n").slice(0, -1)
  .map((line) => JSON.parse(line)).filter(({ protocol }) => protocol === "resp")
  .map(({ address }) => address);

for (const [name, proxy] of Object.entries(proxies)) {
  describe(`behind ${name}`, () => {
    let ports;
    let bridge;
    let front;
    let options;

    before(async () => {
      ports = await holdPorts();
      bridge = await startBehind(ports);
      front = await proxy.start(ports, certificates, []);
      options = { WebSocket: makePageWebSocket(), token: () => bridge.token };
    });

    after(async () => {
      await front.stop();
      await bridge.stop();
    });

    for (const each of Object.keys(cases)) {
      test(each, async () => runCase(plimsoll, each, { address: front.address,
        addressOfNobody: `wss://127.0.0.1:${await holdPort()}`, options,
        administration: bridge.administration }));
    }

    test("values of 1 MiB come and go", async () => {
      const client = await plimsoll.Client.connect(front.address, { ...options, requestTimeout: 10_000 });
      const text = "v".repeat(1024 * 1024);
      await Promise.all(Array.from({ length: 4 }, (_, i) => client.set(`large ${i}`, text)));
      const all = await Promise.all(Array.from({ length: 4 }, (_, i) => client.get(`large ${i}`)));
      assert(all.every((value) => value === text));
      await client.close();
    });

    test("a page of another origin is refused", async () => {
      const socket = openSocket(front.address, bridge.token, { origin: "https://other.example" });
      const [, { statusCode }] = await once(socket, "unexpected-response");
      assert.equal(statusCode, 403);
    });

    for (const [how, replacements] of [["replaces", []], ["appends to", proxy.appending]]) {
      test(`where it ${how} X-Forwarded-For, what a client says of itself is not believed`, async (t) => {
        const other = await proxy.start(ports, certificates, replacements);
        t.after(() => other.stop());
        const { length } = addressesOfSockets();
        const socket = openSocket(other.address, bridge.token,
          { headers: { "X-Forwarded-For": forgedAddress, "X-Real-IP": forgedAddress } });
        await once(socket, "open");
        socket.close(1000);
        await once(socket, "close");
        await until(() => addressesOfSockets().length > length);
        assert.deepEqual(addressesOfSockets().slice(length), [clientAddress]);
      });
    }

    test("a bridge that drains tells its clients, which come back to it", async () => {
      const client = await plimsoll.Client.connect(front.address, options);
      const lost = new Promise((resolve) => { client.on("disconnected", resolve); });
      const stopped = bridge.stop();
      assert.match((await lost).message, /shutting down \(1001/);
      assert.equal(await stopped, 0);
      const again = new Promise((resolve) => { client.on("connected", resolve); });
      bridge = await startBehind(ports);
      await again;
      assert.equal(await client.echo("again", { timeout: 5000 }), "again");
      await client.close();
    });

    test("pings keep an idle connection for longer than the proxy would", async (t) => {
      const others = await holdPorts();
      const pinging = await startBehind(others, 'ping_interval = "1 s"');
      t.after(() => pinging.stop());
      const fronts = await Promise.all([ports, others].map(async (each) => {
        const started = await proxy.start(each, certificates, proxy.idleFor("1500ms"));
        t.after(() => started.stop());
        return started;
      }));
      const silent = openSocket(fronts[0].address, bridge.token);
      const pinged = openSocket(fronts[1].address, pinging.token);
      await Promise.all([once(silent, "close"), once(pinged, "ping").then(() => once(pinged, "ping"))]);
      pinged.send(Buffer.from("*1\r\n$4\r\nPING\r\n"));
      const [reply] = await once(pinged, "message");
      assert.equal(reply.toString(), "+PONG\r\n");
      pinged.close(1000);
      await once(pinged, "close");
    });

    test("its log says who connected, and no token", async () => {
      const encoded = Buffer.from(bridge.token).toString("base64url");
      await until(() => front.log().includes(clientAddress));
      assert(!front.log().includes(bridge.token) && !front.log().includes(encoded));
    });
  });
}
