// A client that comes and goes at a random point, at the level of bytes, and what it may have sent
// until then.

import { connect } from "node:net";

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export const randomFrom = (seed) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const commandOf = (...words) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;

// Masked by zeros.
const framed = (opcode, payload) => {
  const bytes = Buffer.from(payload);
  const head = bytes.length < 126
    ? [0x80 | opcode, 0x80 | bytes.length, 0, 0, 0, 0]
    : [0x80 | opcode, 0x80 | 126, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 0];
  return Buffer.concat([Buffer.from(head), bytes]);
};

const binary = 2;
const close = 8;
const grant = Buffer.from([1, 0, 0, 1, 0]);

const upgrade = ({ port, webSocket: { token } }, protocol) => ["GET / HTTP/1.1", `Host: 127.0.0.1:${port}`,
  "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", `Sec-WebSocket-Protocol: ${protocol}`,
  `Authorization: Bearer ${token}`, "", ""].join("\r\n");

/** Where a client may go, and what it sends behind the handshake until then. */
export const points = {
  "before the handshake": undefined,
  "within the handshake": undefined,
  "at rest": "",
  "within a message": commandOf("SET", "churn", "v".repeat(200)),
  "before a reply": commandOf("GET", "k"),
  "mid-reply": commandOf("GET", "large"),
  "after SUBSCRIBE": commandOf("SUBSCRIBE", "news"),
  "within BLPOP": commandOf("BLPOP", "nothing", "0"),
  "with a refusal": commandOf("FLUSHALL"),
};

const startOf = (random, bridge, point) => {
  const hasCredits = random() < 0.5;
  const handshake = Buffer.from(upgrade(bridge, hasCredits ? "plimsoll.resp.v1" : "resp"));
  const cut = (bytes) => bytes.subarray(0, Math.floor(random() * bytes.length));
  if (point === "before the handshake") return { handshake: Buffer.alloc(0) };
  if (point === "within the handshake") return { handshake: cut(handshake) };
  if (points[point] === "") return { handshake, frames: Buffer.alloc(0) };
  const data = framed(binary, (hasCredits ? "\0" : "") + points[point]);
  const frames = [...(hasCredits ? [framed(binary, grant)] : []),
    point === "within a message" ? cut(data) : data];
  return { handshake, frames: Buffer.concat(frames) };
};

/** Comes, goes at `point`, and resolves to how: "close frame", "end", "reset", or "told to go". */
export const comeAndGo = (random, bridge, point) => new Promise((resolve) => {
  const { handshake, frames } = startOf(random, bridge, point);
  const way = ["close frame", "end", "reset"][Math.floor(random() * 3)];
  const waitsForReply = point === "mid-reply" || point === "after SUBSCRIBE" ||
    point === "with a refusal" || random() < 0.3;
  const socket = connect({ port: bridge.port, host: "127.0.0.1" });
  socket.setNoDelay(true);
  let said = "";
  let isGoing = false;
  let isOpen = false;
  const go = () => {
    if (isGoing) return;
    isGoing = true;
    if (way === "reset") socket.resetAndDestroy();
    else if (way === "close frame" && isOpen) socket.write(framed(close, "\x03\xe8"), () => { socket.end(); });
    else socket.end();
  };
  socket.on("error", () => {});
  socket.on("close", () => { resolve(isGoing ? way : "told to go"); });
  socket.on("connect", () => {
    if (frames === undefined) socket.write(handshake, go);
    else socket.write(handshake);
  });
  socket.on("data", (bytes) => {
    if (isOpen) return waitsForReply ? go() : undefined;
    said += bytes.toString("latin1");
    if (!said.includes("\r\n\r\n")) return undefined;
    if (!said.startsWith("HTTP/1.1 101")) return socket.destroy();
    isOpen = true;
    const isAnswered = waitsForReply && frames.length > 0 && point !== "within BLPOP" &&
      point !== "within a message";
    return socket.write(frames, isAnswered ? undefined : go);
  });
  // A half that is left open would wait for the bridge, which is what ends it.
  socket.on("end", () => { socket.destroy(); });
});
