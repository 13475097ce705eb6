// What errors must not say.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";

import { Client } from "../.build/index.js";

test("a server that repeats what it was sent has no password repeated", async () => {
  const server = createServer((socket) => socket.on("error", () => {}).once("data", () => socket.write(
    "-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'jane' 'hush' \r\n" +
    "+OK\r\n+OK\r\n+PONG\r\n"))).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const address = `valkey://127.0.0.1:${server.address().port}`;
    await assert.rejects(Client.connect(address, { username: "jane", password: "hush" }), (error) => {
      assert.match(error.message, /unknown command 'HELLO'/);
      assert.doesNotMatch(error.message, /hush/);
      return true;
    });
  } finally {
    server.close();
  }
});
