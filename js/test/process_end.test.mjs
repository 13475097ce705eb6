// A process ends once its clients are closed, whatever their peers do.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";

import { startServer } from "./package/server.mjs";

let server;

before(async () => { server = await startServer(["--tcp-backlog", "1"]); });
after(async () => {
  process.kill(server.pid, "SIGCONT");
  await server.stop();
});

const entry = (name) => JSON.stringify(new URL(`../.build/${name}.js`, import.meta.url).href);

/** Runs a program, and returns what it has printed when it has ended by itself. */
const printedBy = async (text) => {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", text], { stdio: ["ignore", "pipe", "inherit"] });
  // Only a hang can reach this: the system itself gives up a host that does not answer after two minutes.
  const limit = setTimeout(() => child.kill("SIGKILL"), 15_000);
  let printed = "";
  child.stdout.on("data", (bytes) => { printed += bytes; });
  const [status] = await once(child, "close");
  clearTimeout(limit);
  assert.equal(status, 0, `the process had to be ended; it printed ${printed}`);
  return printed.trim();
};

/** Fills the queue of connections that the server, which is stopped, has yet to accept: others get no answer. */
const fillBacklog = async () => {
  const sockets = [];
  for (;;) {
    const socket = connect(server.port, "127.0.0.1");
    sockets.push(socket.on("error", () => {}));
    const connected = once(socket, "connect").then(() => true);
    const isIn = await Promise.race([connected, new Promise((resolve) => { setTimeout(resolve, 500, false); })]);
    if (!isIn) return () => { for (const each of sockets) each.destroy(); };
  }
};

test("an attempt that was given up at a host that does not answer", async () => {
  process.kill(server.pid, "SIGSTOP");
  const empty = await fillBacklog();
  try {
    const printed = await printedBy(`
      import { Client } from ${entry("index")};
      const signal = AbortSignal.timeout(100);
      await Promise.all([{ connectTimeout: 100 }, { connectTimeout: 60_000, signal }].map((options) =>
        Client.connect("${server.address}", options).catch((error) => console.log(error.name))));`);
    assert.deepEqual(printed.split("\n").sort(), ["CancelledError", "ConnectionError"]);
  } finally {
    empty();
    process.kill(server.pid, "SIGCONT");
  }
});

const large = 'Buffer.alloc(8 << 20, "x")';

test("a client that is closed while its server reads nothing", async () => {
  const printed = await printedBy(`
    import { Client } from ${entry("index")};
    const client = await Client.connect("${server.address}", { closeTimeout: 100, requestTimeout: 0 });
    process.kill(${server.pid}, "SIGSTOP");
    const written = client.set("key", ${large}).catch((error) => error.name);
    await client.close();
    console.log(await written);`);
  process.kill(server.pid, "SIGCONT");
  assert.equal(printed, "ConnectionError");
});

test("disconnect() of plimsoll/ioredis while the server reads nothing", async () => {
  const printed = await printedBy(`
    import { Redis } from ${entry("ioredis")};
    const redis = new Redis("${server.address.replace("valkey:", "redis:")}", { retryStrategy: null });
    await redis.ping();
    process.kill(${server.pid}, "SIGSTOP");
    const written = redis.set("key", ${large}).catch((error) => error.constructor.name);
    setTimeout(() => redis.disconnect(), 100);
    console.log(typeof await written);`);
  process.kill(server.pid, "SIGCONT");
  assert.equal(printed, "string");
});

test("a WebSocket whose bridge does not answer the close", async () => {
  const printed = await printedBy(`
    import { createServer } from "node:http";
    import { createHash } from "node:crypto";
    import WebSocket from "ws";
    import { Client } from ${entry("index")};
    // It opens each WebSocket, and then is silent.
    const bridge = createServer().on("upgrade", ({ headers }, socket) => {
      const key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
      socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n" +
        "Sec-WebSocket-Protocol: resp\\r\\n" +
        "Sec-WebSocket-Accept: " + createHash("sha1").update(key).digest("base64") + "\\r\\n\\r\\n");
      socket.unref();
    });
    await new Promise((resolve) => bridge.listen(0, "127.0.0.1", resolve));
    bridge.unref();
    const address = "ws://127.0.0.1:" + bridge.address().port;
    const error = await Client.connect(address, { WebSocket, connectTimeout: 300 }).catch((error) => error);
    console.log(error.code);`);
  assert.equal(printed, "connect_failed");
});
