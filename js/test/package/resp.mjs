// RESP by hand: what a client of no library's sends, and the bytes that come back, a reply at a time.

import { once } from "node:events";
import { connect } from "node:net";

import { WebSocket } from "ws";

import { encode } from "./cluster.mjs";

const valuesIn = { "*": 1, "~": 1, ">": 1, "%": 2 };

/** Where the value ends that begins at `at`; undefined: not all of it is there. */
const endOfValue = (text, at) => {
  const end = text.indexOf("\r\n", at);
  if (end < 0) return undefined;
  const size = Number(text.slice(at + 1, end));
  const type = text[at];
  if (type === "$" || type === "=" || type === "!") {
    const next = size < 0 ? end + 2 : end + 2 + size + 2;
    return next <= text.length ? next : undefined;
  }
  let next = end + 2;
  for (let left = Math.max(size, 0) * (valuesIn[type] ?? 0); left > 0; --left) {
    next = endOfValue(text, next);
    if (next === undefined) return undefined;
  }
  return next;
};

export class RespClient {
  #text = "";
  #waiting = [];
  #write;
  #end;

  constructor(write, end, closed) {
    this.#write = write;
    this.#end = end;
    /** Resolves when the connection has ended: over a WebSocket to the code and the reason of the close. */
    this.closed = closed.then((how) => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`closed: ${JSON.stringify(how)}`));
      return how;
    });
  }

  /** Straight to a server. */
  static async overTcp(port) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    const closed = once(socket, "close").then(() => ({}));
    const client = new RespClient((text) => socket.write(text, "latin1"), () => socket.destroy(), closed);
    socket.on("data", (bytes) => client.#take(bytes));
    return client;
  }

  /** To a bridge, by the subprotocol "resp". */
  static async overWebSocket(address, token) {
    const socket = new WebSocket(address, ["resp"], { headers: { Authorization: `Bearer ${token}` } });
    await once(socket, "open");
    const closed = once(socket, "close").then(([code, reason]) => ({ code, reason: `${reason}` }));
    const client = new RespClient((text) => socket.send(Buffer.from(text, "latin1")), () => socket.terminate(), closed);
    socket.on("message", (bytes) => client.#take(bytes));
    return client;
  }

  /** Sends commands together: in one message, if it is a WebSocket. */
  send(...commands) { this.#write(commands.map(encode).join("")); }

  /** The bytes of the next value that the peer sends, a push as well. */
  next() {
    const value = new Promise((resolve, reject) => { this.#waiting.push({ resolve, reject }); });
    this.#answer();
    return value;
  }

  async ask(...words) {
    this.send(words);
    return this.next();
  }

  /** What has come and was not asked for. */
  get rest() { return this.#text; }

  /** Ends the connection without a word. */
  drop() { this.#end(); }

  #take(bytes) {
    this.#text += bytes.toString("latin1");
    this.#answer();
  }

  #answer() {
    while (this.#waiting.length > 0) {
      const end = endOfValue(this.#text, 0);
      if (end === undefined) return;
      const value = this.#text.slice(0, end);
      this.#text = this.#text.slice(end);
      this.#waiting.shift().resolve(value);
    }
  }
}
