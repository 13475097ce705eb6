// What transports do besides carrying bytes: TLS, bridges that refuse, and those of a user's own.

import assert from "node:assert/strict";
import { connect as connectByNet } from "node:net";
import { after, before, test } from "node:test";

import { Client } from "plimsoll";
import { WebSocket as GivenWebSocket, WebSocketServer } from "ws";

import { startBridge } from "./bridge.mjs";
import { holdPort } from "./ports.mjs";
import { startServer } from "./server.mjs";
import { makeCertificates } from "./tls.mjs";

const WebSocket = globalThis.WebSocket ?? GivenWebSocket;

let certificates;
let server;
let bridge;
let tlsPort;

before(async () => {
  certificates = makeCertificates();
  tlsPort = await holdPort();
  server = await startServer(certificates.optionsFor(tlsPort));
  bridge = await startBridge(server);
});

after(async () => {
  await bridge.stop();
  await server.stop();
  certificates.remove();
});

const refused = (address, options, expected) => assert.rejects(
  Client.connect(address, { connectTimeout: 400, ...options }), expected);

test("over TLS the server's certificate is verified", async () => {
  const tls = { ca: certificates.ca };
  for (const host of ["localhost", "127.0.0.1"]) {
    const client = await Client.connect(`valkeys://${host}:${tlsPort}`, { tls });
    const text = "v".repeat(300_000);
    await client.set("over TLS", text, { timeout: 5000 });
    assert.equal(await client.get("over TLS", { timeout: 5000 }), text);
    await client.close();
  }
  // It ends at once: the time limit is against what hangs.
  const patient = { connectTimeout: 60_000 };
  const certificate = { name: "ConnectionError", code: "certificate_invalid", executed: "no" };
  await refused(`valkeys://localhost:${tlsPort}`, patient, certificate);
  await refused(`valkeys://localhost:${tlsPort}`, { tls: { ca: certificates.otherCa }, ...patient },
    certificate);
  const trusting = await Client.connect(`valkeys://localhost:${tlsPort}`,
    { tls: { rejectUnauthorized: false } });
  await trusting.close();
});

test("a server that wants a certificate of the client says so, and its own is not to blame", async () => {
  const port = await holdPort();
  const strict = await startServer([...certificates.optionsFor(port), "--tls-auth-clients", "yes"]);
  const asked = { name: "ConnectionError", code: "tls_failed", message: /certificate[_ ]?required/i };
  await refused(`valkeys://localhost:${port}`, { tls: { ca: certificates.ca }, connectTimeout: 20_000 }, asked);
  await strict.stop();
});

test("a port that speaks TLS drops a client without it, which is told to try valkeys://", async () => {
  await refused(`valkey://localhost:${tlsPort}`, { connectTimeout: 2000 },
    { name: "ConnectionError", message: /before a word; if the server speaks TLS here: valkeys:\/\// });
});

test("a port that speaks no TLS is told from a server that is not there", async () => {
  await refused(`valkeys://127.0.0.1:${server.port}`, { tls: { ca: certificates.ca } },
    ({ name, code }) => name === "ConnectionError" && code !== "certificate_invalid");
});

test("a bridge that refuses, or speaks something else, is an error that says so", async () => {
  const { address, token } = bridge;
  for (const token of ["wrong", () => "wrong", undefined]) {
    await refused(address, { WebSocket, token, connectTimeout: 20_000 },
      { name: "ConnectionError", code: "authentication_failed", message: /token.*no token, or none that is good/ });
  }
  await refused(`${address.replace(/\/?$/, "")}/none`, { WebSocket, token, connectTimeout: 20_000 },
    { name: "ConfigurationError", message: /no upstream of this name/ });
  await refused(address, { WebSocket, token, protocols: ["other"] }, { name: "ConnectionError" });

  const texts = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => { texts.once("listening", resolve); });
  texts.on("connection", (each) => each.send("+OK"));
  await refused(`ws://127.0.0.1:${texts.address().port}`, { WebSocket, connectTimeout: 2000 },
    { name: "ConnectionError", message: /bytes/ });
  for (const each of texts.clients) each.terminate();
  texts.close();
});

test("a token is asked for anew for each connection, and may come late", async () => {
  const { address, token, administration } = bridge;
  const given = [];
  const client = await Client.connect(address, { WebSocket, token: async () => {
    given.push(token);
    return token;
  } });
  const again = new Promise((resolve) => { client.on("connected", resolve); });
  const id = await client.clientId();
  await fetch(administration, { method: "POST", body: `CLIENT KILL ID ${id}` });
  await again;
  assert.equal(await client.ping(), "PONG");
  assert.equal(given.length, 2);
  await client.close();

  await refused(address, { WebSocket, token: () => { throw new Error("no more tokens"); } },
    { name: "ConnectionError", message: /no more tokens/ });
  await refused(address, { WebSocket, token: 7 }, { name: "ConfigurationError", message: /^token: / });
});

test("a transport of one's own carries a client, and its faults are told", async () => {
  const told = [];
  // A byte at a time, as far as it is read; and it is never ready for more at once.
  const transport = (address, events) => {
    told.push(`${address.protocol} ${address.host} ${address.port}`);
    const socket = connectByNet(server.port, "127.0.0.1");
    let over = false;
    socket.on("connect", () => events.opened());
    socket.on("data", (bytes) => {
      for (let i = 0; i < bytes.length && !over; ++i) events.data(bytes.subarray(i, i + 1));
    });
    socket.on("close", () => { if (!over) events.closed(new Error("it fell overboard")); });
    return {
      canPause: true,
      write: (bytes) => {
        socket.write(bytes.slice(), () => events.drained());
        return false;
      },
      pause: () => { socket.pause(); },
      resume: () => { socket.resume(); },
      close: () => { over = true; socket.destroy(); },
    };
  };
  const client = await Client.connect("valkey://somewhere:1", { transport, requestTimeout: 5000 });
  assert.deepEqual(told, ["valkey somewhere 1"]);
  const texts = Array.from({ length: 50 }, (_, i) => `text ${i}`);
  assert.deepEqual(await Promise.all(texts.map((text) => client.echo(text))), texts);
  const lost = new Promise((resolve) => { client.on("disconnected", resolve); });
  const id = await client.clientId();
  await client.command(["CLIENT", "KILL", "ID", `${id}`, "SKIPME", "no"]).catch(() => {});
  assert.match((await lost).message, /it fell overboard/);
  await client.close();
});
