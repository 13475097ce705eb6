// Servers that fall silent in the middle of a reply, more of them than the line has buffers.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, test } from "node:test";

import { Client, ReplyTooLargeError, configure } from "../.build/index.js";
import { sleep, until } from "./package/wait.mjs";

const half = `$100000\r\n${"x".repeat(50_000)}`;
const replies = {
  HELLO: "%1\r\n$5\r\nproto\r\n:3\r\n", CLIENT: "+OK\r\n", PING: "+PONG\r\n", ECHO: "$1\r\nv\r\n", GET: half,
};

const sockets = new Set();
let server;

before(async () => {
  server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    // Requests are so short that none comes in two pieces.
    socket.on("data", (bytes) => {
      for (const [, name] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
        socket.write(replies[name]);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
after(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

test("peers that stall in mid-reply hold up nobody else for long, and callers know why", async () => {
  configure({ memoryLimit: "1 MiB" });
  const connect = () =>
    Client.connect(`valkey://127.0.0.1:${server.address().port}`, { requestTimeout: 600_000 });
  const healthy = await connect();
  const stalled = [];
  for (let i = 0; i < 20; ++i) stalled.push(await connect());

  // One after the other is sent: the line has no room for the requests of all at once.
  const outcomes = [];
  for (const client of stalled) {
    outcomes.push(client.get("ship").then(() => "came", (error) => error));
    await sleep(1);
  }
  await until(() => healthy.getStatistics().memory.pools.replies.waiting > 0, 1);
  assert.equal(await healthy.command(["ECHO", "v"]), "v");
  const error = await Promise.race(outcomes);
  assert(error instanceof ReplyTooLargeError, String(error));
  assert.equal(error.code, "out_of_memory");
  assert.equal(error.executed, "yes");
  assert.match(error.message, /memory was missing.*The replies pool has .* in use, by /);
  for (const socket of sockets) socket.destroy();
  await Promise.all([...stalled, healthy].map((client) => client.close()));
});
