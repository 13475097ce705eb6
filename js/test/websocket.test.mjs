// The WebSocket transport, over a class of WebSockets that does what a test says.
import assert from "node:assert/strict";
import { test } from "node:test";

import { connectWebSocket } from "../.build/transport/ws.js";

const open = () => {
  let socket;
  class Socket {
    protocol = "resp";
    bufferedAmount = 0;
    sent = [];
    constructor() { socket = this; }
    send(bytes) { this.sent.push(bytes); }
    close() {}
  }
  const told = [];
  const tell = (name) => (value) => { told.push(value === undefined ? [name] : [name, value]); };
  const events = { opened: tell("opened"), data: tell("data"), drained: tell("drained"), closed: tell("closed") };
  const transport = connectWebSocket({ href: "ws://one" }, events, { WebSocket: Socket });
  return { socket, transport, told };
};

test("a class that reads later what it was given to send finds what was written", () => {
  const { socket, transport } = open();
  socket.onopen();
  const memory = Uint8Array.of(1, 2, 3);
  transport.write(memory);
  memory.fill(0);
  assert.deepEqual([...socket.sent[0]], [1, 2, 3]);
});

test("a message shows that there is room again: the timers of a hidden page are late", () => {
  const { socket, transport, told } = open();
  socket.onopen();
  socket.bufferedAmount = 2 * 1024 * 1024;
  assert.equal(transport.write(Uint8Array.of(1)), false);
  const message = Uint8Array.of(43);
  socket.onmessage({ data: message });
  assert.deepEqual(told, [["opened"], ["data", message]]);
  socket.bufferedAmount = 1000;
  socket.onmessage({ data: message });
  assert.deepEqual(told.at(-1), ["drained"]);
  socket.onmessage({ data: message });
  assert.deepEqual(told.at(-1), ["data", message]);
  transport.close();
});

test("why there was no connection is told in the words, and with the code, of the class", () => {
  const { socket, told } = open();
  const error = Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" });
  socket.onerror({ message: error.message, error });
  socket.onclose({ code: 1006, reason: "" });
  const [[name, given]] = told;
  assert.equal(name, "closed");
  assert.match(given.message, /refused, or broke \(1006 certificate has expired\)/);
  assert.equal(given.code, "CERT_HAS_EXPIRED");
});
