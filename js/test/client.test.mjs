// What belongs to a client besides its commands: listeners, a twin, unix sockets, and what it prints.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inspect } from "node:util";

import { readAddress } from "../.build/address.js";
import { Client } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;
let folder;
let socket;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-"));
  socket = join(folder, "a socket");
  server = await startServer(["--unixsocket", socket]);
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const patient = { requestTimeout: 0, connectTimeout: 20_000, reconnectWaitMax: 20 };

test("a listener hears each event, one event, or none any more", async () => {
  const client = await Client.connect(server.address, patient);
  const heard = [];
  const note = (name) => () => { heard.push(name); };
  const removed = note("removed");
  const once = note("once");
  client.on("disconnected", note("each"));
  client.once("disconnected", once);
  client.on("disconnected", removed);
  client.once("disconnected", removed);
  client.off("disconnected", removed);
  client.once("disconnected", note("gone"))();
  for (let i = 0; i < 2; ++i) {
    const again = new Promise((resolve) => { client.once("connected", resolve); });
    await client.command(["CLIENT", "KILL", "SKIPME", "no", "TYPE", "normal"]).catch(() => {});
    await again;
  }
  assert.deepEqual(heard.sort(), ["each", "each", "once"]);
  for (const wrong of [() => client.on("connect", () => {}), () => client.once("connected"),
    () => client.off("connected", 1)]) {
    assert.throws(wrong, TypeError);
  }
  await client.close();
});

test("a bridge without a WebSocket is refused at once, with how to have one", async (context) => {
  const given = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  delete globalThis.WebSocket;
  context.after(() => { if (given !== undefined) Object.defineProperty(globalThis, "WebSocket", given); });
  await assert.rejects(Client.connect("ws://127.0.0.1:1/", { connectTimeout: 1e9 }),
    { name: "ConfigurationError", message: /^WebSocket: this runtime has none; give a class, .*ws: \{ WebSocket \}$/ });
});

test("a Node that is too old is told which it needs", async (context) => {
  const given = process.getBuiltinModule;
  process.getBuiltinModule = undefined;
  context.after(() => { process.getBuiltinModule = given; });
  await assert.rejects(Client.connect("valkey://127.0.0.1:1", { connectTimeout: 20 }),
    { name: "ConnectionError", message: /no TCP sockets: Node needs version 20\.19 or later/ });
});

test("a client ends its attempts also where setImmediate() throws", async (context) => {
  const given = globalThis.setImmediate;
  globalThis.setImmediate = () => { throw new Error("not here"); };
  context.after(() => { globalThis.setImmediate = given; });
  await assert.rejects(Client.connect("valkey://127.0.0.1:1", { connectTimeout: 20 }), { name: "ConnectionError" });
});

test("whoever awaits a message of a client that gives up is told what it gave up for", async () => {
  const leaving = await startServer();
  const client = await Client.connect(leaving.address, { ...patient, reconnectAttemptsMax: 0 });
  const news = await client.subscribe("news");
  const closed = new Promise((resolve) => { client.on("closed", resolve); });
  const next = news.next().catch((error) => error);
  await leaving.stop();
  const told = await next;
  assert.equal(told.name, "ConnectionError");
  assert.equal(told.message, (await closed).message);
  await assert.rejects(news.next(), { name: "ConnectionError" });
});

test("a duplicate is connected as the client was, with the changes that are given", async () => {
  const client = await Client.connect(server.address, { ...patient, clientName: "first" });
  const twin = await client.duplicate({ database: 3 });
  assert.equal(await twin.command(["CLIENT", "GETNAME"]), "first");
  assert.match(await twin.command(["CLIENT", "INFO"]), / db=3 /);
  assert.match(await client.command(["CLIENT", "INFO"]), / db=0 /);
  await client.close();
  assert.equal(await twin.ping(), "PONG");
  await twin.close();
});

test("TLS options that are no PEM, or half of a pair, are refused before anything is opened", async () => {
  const address = "valkeys://127.0.0.1:1";
  for (const [tls, message] of [
    [{ ca: "/etc/ssl/root.pem" }, /^tls\.ca: "\/etc\/ssl\/root\.pem" has no CERTIFICATE in PEM; give the contents of a file/],
    [{ ca: [] }, /^tls\.ca: the list is empty/],
    [{ cert: "junk", key: "secret junk" }, /^tls\.cert: "junk" has no CERTIFICATE/],
    [{ cert: "-----BEGIN CERTIFICATE-----", key: "secret junk" }, /^tls\.key: the given value has no PRIVATE KEY/],
    [{ cert: "-----BEGIN PRIVATE KEY-----\nsecret", key: "-----BEGIN CERTIFICATE-----" },
      /^tls\.cert: the given value has no CERTIFICATE/],
    [{ cert: "-----BEGIN CERTIFICATE-----" }, /^tls: there is a cert without its key; give both, or neither/],
  ]) {
    await assert.rejects(Client.connect(address, { tls }), { name: "ConfigurationError", message });
  }
});

test("what was called otherwise than meant says how to call it", async () => {
  assert.throws(() => new Client(server.address), { name: "TypeError", message: /call Client\.connect\(\)/ });
  assert.throws(() => new Client(server.address, {}), { name: "TypeError", message: /call Client\.connect\(\)/ });
  const client = await Client.connect(server.address, patient);
  await assert.rejects(client.transact("key"),
    { name: "TypeError", message: /^transact: got undefined; give a function of an Exclusive that returns a transaction/ });
  await client.close();
});

test("a client speaks through a unix socket, whatever its path", async () => {
  const address = `unix://${encodeURI(socket)}`;
  const client = await Client.connect(`${address}?database=2`, patient);
  assert.match(await client.command(["CLIENT", "INFO"]), / db=2 .*/);
  const large = "v".repeat(300_000);
  await client.set("socket", large);
  assert.equal(await client.get("socket"), large);
  assert.match(inspect(client), /a socket/);
  await client.close();
  await assert.rejects(Client.connect(`unix://${folder}/none`, { connectTimeout: 100 }),
    { name: "ConnectionError" });
  await assert.rejects(Client.connect(address, { tls: {} }),
    { name: "ConfigurationError", message: /tls: a unix socket has no TLS/ });
});

test("an address of a unix socket is read, or refused", () => {
  const { address, username, password, database } =
    readAddress("unix://user:p%40ss@/run/valkey.sock?database=7");
  assert.deepEqual([address.protocol, address.path, username, password, database],
    ["unix", "/run/valkey.sock", "user", "p@ss", 7]);
  for (const wrong of ["unix://", "unix:///", "unix://host/path", "unix:///path?db=1",
    "unix:///path?database=x", "unix:///path?database=", "unix:///%zz", "unix://a@b@/path", "unix:path", "unix:///path?database=1&database=2", "unix:///path#1"]) {
    assert.throws(() => readAddress(wrong), { name: "ConfigurationError" }, wrong);
  }
});

test("a client prints where it is connected and how it is, and no password", async () => {
  const admin = await Client.connect(server.address, patient);
  await admin.command(["ACL", "SETUSER", "printed", "on", ">secret-word", "+@all", "~*"]);
  const client = await Client.connect(server.address.replace("//", "//printed:secret-word@"), patient);
  const text = inspect(client);
  assert.match(text, /^Client \{/);
  assert(text.includes(server.address) && /state: 'ready'/.test(text), text);
  assert(!text.includes("secret-word"), text);
  await client.close();
  assert.match(inspect(client), /state: 'closed'/);
  assert(!inspect({ client }, { depth: 9, showHidden: true }).includes("secret-word"));
  await admin.close();
});

test("a lazy client connects with its first call, whatever that is", async () => {
  const made = async () =>
    /total_connections_received:(\d+)/.exec(await admin.command(["INFO", "stats"]))[1];
  const admin = await Client.connect(server.address, patient);
  const firsts = [
    (client) => client.ping(),
    (client) => client.command(["PING"]),
    (client) => client.transaction().exec().then(() => client.ping()),
    (client) => client.exclusive((own) => own.ping()),
    async (client) => (await client.subscribe("news")).close(),
  ];
  for (const first of firsts) {
    const before = await made();
    const client = await Client.connect(server.address, { ...patient, lazyConnect: true });
    assert.equal(client.getStatistics().state, "idle");
    assert.match(inspect(client), /idle/);
    assert.equal(await made(), before);
    await first(client);
    assert.equal(client.getStatistics().connections, 1);
    await client.close();
  }
  const order = await Client.connect(server.address, { ...patient, lazyConnect: true });
  await Promise.all([order.rpush("order", "1"), order.command(["RPUSH", "order", "2"]), order.rpush("order", "3")]);
  assert.deepEqual(await order.lrange("order", 0, -1), ["1", "2", "3"]);
  await order.close();
  const unused = await Client.connect(server.address, { ...patient, lazyConnect: true });
  await unused.close();
  await assert.rejects(unused.ping(), { name: "ClosedError" });
  const nobody = await Client.connect("valkey://127.0.0.1:1", { lazyConnect: true, connectTimeout: 50 });
  await assert.rejects(nobody.ping(), { name: "ConnectionError" });
  await admin.close();
});
