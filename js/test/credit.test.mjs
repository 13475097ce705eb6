// The messages to and from a bridge, and what becomes of one that does not keep to its credits.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { WebSocketServer } from "ws";

import { Client } from "../.build/index.js";
import { makeCredit, readData, sendData } from "../.build/transport/credit.js";

test("a credit is a type and a number", () => {
  assert.deepEqual([...makeCredit(0x01020304)], [1, 4, 3, 2, 1]);
});

test("messages of no known type, or of nothing, are not data", () => {
  assert.deepEqual([...readData(new Uint8Array([0, 7, 8]))], [7, 8]);
  assert.equal(readData(new Uint8Array([1, 1])), undefined);
  assert.equal(readData(new Uint8Array([2, 1])), undefined);
  assert.equal(readData(new Uint8Array([0])), undefined);
  assert.equal(readData(new Uint8Array()), undefined);
});

test("large data goes in several messages", () => {
  const sizes = [];
  sendData(new Uint8Array(1_200_000), (message) => {
    assert.equal(message[0], 0);
    sizes.push(message.length - 1);
  });
  assert.deepEqual(sizes, [524_288, 524_288, 151_424]);
});

// A bridge that says `reply(granted)` to the first message of each connection.
const connectTo = async (reply) => {
  const bridge = new WebSocketServer({ port: 0, host: "127.0.0.1",
    handleProtocols: () => "plimsoll.resp.v1" });
  await once(bridge, "listening");
  const codes = [];
  bridge.on("connection", (socket) => {
    let granted = 0;
    let said = false;
    socket.on("close", (code) => codes.push(code));
    socket.on("message", (message) => {
      if (message[0] === 1) granted += message.readUInt32LE(1);
      else if (!said) {
        said = true;
        socket.send(reply(granted));
      }
    });
  });
  const { WebSocket } = await import("ws");
  const failed = await Client.connect(`ws://127.0.0.1:${bridge.address().port}`,
    { WebSocket, connectTimeout: 300 }).then(() => undefined, (error) => error);
  for (const socket of bridge.clients) socket.terminate();
  bridge.close();
  return { failed, codes };
};

test("a bridge that sends more than it was granted is closed with 4008", async () => {
  const { failed, codes } = await connectTo((granted) => {
    assert.ok(granted > 0, "nothing was granted before the first request");
    return new Uint8Array(1 + granted + 1);
  });
  assert.equal(failed.name, "ConnectionError");
  assert.match(failed.message, /more than it was granted/);
  assert.equal(codes[0], 4008);
});

test("a bridge whose messages are no data is closed, too", async () => {
  const { failed, codes } = await connectTo(() => new Uint8Array([2, 1]));
  assert.match(failed.message, /no data/);
  assert.equal(codes[0], 4003);
});
