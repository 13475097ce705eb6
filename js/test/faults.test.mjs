// What is thrown by what is not the core's: transports, signals, listeners, arguments. It is the error of
// the connection or of the call that it belongs to, and no other client notices.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect as connectByNet } from "node:net";
import { after, before, test } from "node:test";

import { CancelledError, Client } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;
let bystander;

before(async () => {
  server = await startServer();
  bystander = await Client.connect(server.address);
});
after(async () => {
  assert.equal(await bystander.ping(), "PONG", "another client of the process goes on");
  await bystander.close();
  await server.stop();
});

// A transport to the server; `faults` replaces some of its functions, given how they were.
const transportWith = (faults) => (address, events) => {
  const socket = connectByNet(server.port, "127.0.0.1");
  socket.on("connect", () => events.opened());
  socket.on("data", (bytes) => events.data(bytes));
  socket.on("close", () => events.closed());
  const sound = {
    canPause: true,
    write: (bytes) => socket.write(Buffer.from(bytes)),
    pause: () => { socket.pause(); },
    resume: () => { socket.resume(); },
    close: () => { socket.destroy(); },
  };
  return { ...sound, ...faults(sound, events, socket) };
};
const connect = (transport, options) => Client.connect("valkey://anywhere",
  { transport, requestTimeout: 10_000, reconnectWaitMax: 10, ...options });
const once = (client, name) => new Promise((resolve) => { client.on(name, resolve); });
const refused = { name: "ConnectionError", code: "connect_failed" };

test("a transport that cannot begin is a connection that fails", async () => {
  const cases = [() => { throw new Error("no route"); }, () => undefined, () => ({}),
    () => { throw null; }, () => { throw Object.create(null); },
    (_, events) => { events.opened(); throw new Error("no route"); }];
  for (const transport of cases) {
    await assert.rejects(connect(transport, { connectTimeout: 30 }), { name: "ConnectionError" });
  }
  await assert.rejects(connect(cases[0], { connectTimeout: 30 }),
    { ...refused, message: /no route/ });
});

test("TLS options that cannot be read are a connection that fails", async () => {
  const pem = (part) => `-----BEGIN ${part}-----\nnothing\n-----END ${part}-----\n`;
  const tls = { cert: pem("CERTIFICATE"), key: pem("PRIVATE KEY") };
  await assert.rejects(Client.connect(`valkeys://127.0.0.1:${server.port}`, { tls, connectTimeout: 30 }),
    { name: "ConnectionError" });
});

test("a transport that throws when it is written to has lost its connection", async () => {
  let broken = false;
  const client = await connect(transportWith(({ write }) => ({ write: (bytes) => {
    if (!broken) return write(bytes);
    broken = false;
    throw new Error("the pipe is broken");
  } })));
  const lost = once(client, "disconnected");
  broken = true;
  await assert.rejects(client.set("key", "value"),
    { name: "ConnectionError", executed: "maybe", message: /the pipe is broken/ });
  assert.match((await lost).message, /the pipe is broken/);
  assert.equal(await client.ping(), "PONG");
  await client.close();
});

test("a transport that throws when it is closed is closed", async () => {
  const client = await connect(transportWith(({ close }) => ({ close: () => {
    close();
    throw new Error("closed already");
  } })));
  await client.close();
});

test("what a transport tells while it is called is heard in its order", async () => {
  // A server in the same stack: answers come before write() has returned.
  const answers = { HELLO: "%1\r\n+proto\r\n:3\r\n", PING: "+PONG\r\n" };
  const client = await connect((_, events) => {
    events.opened();
    return {
      canPause: false,
      write: (bytes) => {
        const text = Buffer.from(bytes).toString();
        for (const [, word] of text.matchAll(/\*\d+\r\n\$\d+\r\n([A-Z]+)/g)) {
          const [head, ...rest] = answers[word] ?? "+OK\r\n";
          events.data(Buffer.from(head));
          events.data(Buffer.from(rest.join("")));
        }
        return true;
      },
      pause: () => {},
      resume: () => {},
      close: () => { events.closed(); },
    };
  });
  assert.deepEqual(await Promise.all([client.ping(), client.ping()]), ["PONG", "PONG"]);
  await client.close();
});

test("what a transport may not tell is the end of its connection, or nothing", async () => {
  for (const blunder of [(events) => events.data("+PONG\r\n"), (events) => events.data(),
    (events) => events.closed(null), (events) => events.closed("gone")]) {
    let tell;
    const client = await connect(transportWith((_, events) => { tell ??= () => blunder(events); }));
    const lost = once(client, "disconnected");
    tell();
    assert.equal((await lost).name, "ConnectionError");
    assert.equal(await client.ping(), "PONG");
    await client.close();
  }
  let events;
  const client = await connect(transportWith((_, given) => { events = given; }));
  events.opened();
  assert.equal(await client.ping(), "PONG");
  await client.close();
});

test("a transport may end its client, or a request, while it is called", async () => {
  const abort = new AbortController();
  let calls = () => {};
  const client = await connect(transportWith(({ write }) => ({ write: (bytes) => {
    calls();
    return write(bytes);
  } })));
  calls = () => abort.abort();
  await assert.rejects(client.blpop("nothing", 10, { signal: abort.signal }), { name: "CancelledError" });
  let closed;
  calls = () => { closed ??= client.close(); };
  await client.ping().catch(() => {});
  await closed;
});

test("a signal that throws leaves no promise unsettled", async () => {
  const client = await Client.connect(server.address);
  const signal = (name) => ({ aborted: false, addEventListener: () => {}, removeEventListener: () => {},
    [name]: () => { throw new Error("a signal of the user's"); } });
  assert.equal(await client.get("key", { signal: signal("removeEventListener") }), null);
  await assert.rejects(client.get("key", { signal: signal("addEventListener") }), /a signal of the user's/);
  assert.equal(await client.ping(), "PONG");
  const pending = client.blpop("nothing", 10, { signal: signal("removeEventListener") });
  const other = client.blpop("nothing", 10);
  client.close();
  await assert.rejects(pending, { name: "ConnectionError", message: /was closed/ });
  await assert.rejects(other, { name: "ConnectionError", message: /was closed/ });
});

test("a listener that throws is reported as uncaught, and all others are told", async () => {
  // In a process of its own, since this one's test runner hears of what is uncaught.
  const script = `
    import { Client } from ${JSON.stringify(new URL("../.build/index.js", import.meta.url))};
    const told = [];
    process.on("uncaughtException", ({ message }) => told.push(message));
    const client = await Client.connect("${server.address}");
    const other = await Client.connect("${server.address}");
    client.on("closed", () => { throw new Error("a listener of the user's"); });
    client.on("closed", () => told.push("closed"));
    const last = client.ping();
    await client.close();
    told.push(await last, await other.ping());
    await other.close();
    console.log(JSON.stringify(told.sort()));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script],
    { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const text of child.stdout) said += text;
  assert.deepEqual(JSON.parse(said), ["PONG", "PONG", "a listener of the user's", "closed"]);
});

test("an argument that throws, or changes later, is the error of its call alone", async () => {
  const client = await Client.connect(server.address,
    { inflightRequestsLimit: 1, inflightOverflow: "wait", requestTimeout: 10_000 });
  const timeout = { valueOf: () => { throw new Error("no number"); } };
  await assert.rejects(client.get("key", { timeout }), { name: "TypeError", message: /timeout/ });
  await assert.rejects(client.get("key", { maxStaleness: 1n }), { name: "TypeError" });
  await assert.rejects(client.subscribe([7]), { name: "TypeError" });
  // Both wait for room, and are sent as they were.
  const first = client.ping();
  const list = ["ECHO", "before"];
  const changed = client.command(list);
  const shrinks = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 8 }));
  const shrunk = client.command(["ECHO", shrinks]);
  const last = client.command(["ECHO", "last"]);
  list[1] = "behind the call";
  shrinks.buffer.resize?.(1);
  assert.equal(await first, "PONG");
  assert.equal(await changed, "before");
  assert.equal(await shrunk, "\0".repeat(8));
  assert.equal(await last, "last");
  assert.equal(client.getStatistics().inFlight, 0);
  await client.close();
});

test("an abort right behind connect() ends the attempt, also if the server answers", async () => {
  const giver = new AbortController();
  const connecting = Client.connect(server.address, { signal: giver.signal });
  giver.abort(new Error("no need"));
  await assert.rejects(connecting, (error) => error instanceof CancelledError && error.cause.message === "no need");
});
