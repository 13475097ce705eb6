// A connection that asks for one value over and over, at the level of bytes, so that what is measured
// is the proxy: over TCP, or in WebSocket messages that were made once.

import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";

const request = Buffer.from("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");

/** Of `value` bytes. */
const replyBytes = (value) => `$${value}\r\n`.length + value + 2;

// Masked by zeros.
const framed = (payload) =>
  Buffer.concat([Buffer.from([0x82, 0x80 | payload.length, 0, 0, 0, 0]), payload]);

/** A connection as far as it can carry requests; over TLS if there is an authority, `ca`. */
export const open = async ({ port, webSocket, ca }) => {
  const socket = ca === undefined ? connect({ port, host: "127.0.0.1", noDelay: true }) :
    connectTls({ port, host: "127.0.0.1", ca, servername: "localhost" });
  await once(socket, ca === undefined ? "connect" : "secureConnect");
  if (webSocket === undefined) return socket;
  const { protocol, token } = webSocket;
  socket.write(["GET / HTTP/1.1", `Host: 127.0.0.1:${port}`, "Connection: Upgrade",
    "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", `Sec-WebSocket-Protocol: ${protocol}`,
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]), "", ""].join("\r\n"));
  const [answer] = await once(socket, "data");
  if (!answer.toString().startsWith("HTTP/1.1 101")) throw new Error(answer.toString());
  return socket;
};

/** What asks for the value, as that connection takes it. */
export const requestTo = ({ webSocket }) => webSocket === undefined ? request : framed(request);

/** Opens a connection; `ask()` resolves when the whole value has come. */
export const openPeer = async (proxy, value) => {
  const socket = await open(proxy);
  const isFramed = proxy.webSocket !== undefined;
  const message = requestTo(proxy);
  const expected = replyBytes(value);
  let left = 0;
  let payload = 0;  // of a frame, to come
  let done;
  const skim = (bytes) => {
    if (!isFramed) return bytes.length;
    let found = 0;
    for (let at = 0; at < bytes.length;) {
      if (payload > 0) {
        const part = Math.min(payload, bytes.length - at);
        payload -= part;
        found += part;
        at += part;
      } else {
        payload = bytes[at + 1];
        at += 2;
        if (payload > 125) throw new Error("a frame of this size is not read here");
      }
    }
    return found;
  };
  socket.on("data", (bytes) => {
    left -= skim(bytes);
    if (left === 0) done();
  });
  return {
    ask: () => new Promise((resolve) => {
      left = expected;
      done = resolve;
      socket.write(message);
    }),
    close: () => socket.destroy(),
  };
};
