// The messages of the WebSocket subprotocol with credits (docs/bridge-protocol.md). The core decides how much
// to grant.

/** The first byte of a message. */
const types = { data: 0, credit: 1 } as const;

export const protocolWithCredits = "plimsoll.resp.v1";

// The most bytes of data in one message. Bridges accept messages of up to 1 MiB.
const dataBytesMax = 512 * 1024;

/** The data in a message, as a view; undefined if it is no message with data. */
export const readData = (message: Uint8Array): Uint8Array | undefined =>
  message[0] === types.data && message.length > 1 ? message.subarray(1) : undefined;

/** Makes the message that grants `bytes` bytes. */
export const makeCredit = (bytes: number): Uint8Array => {
  const message = new Uint8Array(5);
  message[0] = types.credit;
  new DataView(message.buffer).setUint32(1, bytes, true);
  return message;
};

/** Calls `send` with one or more messages that carry these bytes. */
export const sendData = (bytes: Uint8Array, send: (message: Uint8Array) => void): void => {
  for (let at = 0; at < bytes.length; at += dataBytesMax) {
    const part = bytes.subarray(at, at + dataBytesMax);
    const message = new Uint8Array(1 + part.length);
    message[0] = types.data;
    message.set(part, 1);
    send(message);
  }
};
