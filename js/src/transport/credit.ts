// The messages of the subprotocol with credits: docs/bridge-protocol.md. How much is granted is for
// the core to say.

/** In front of a message's other bytes. */
const types = { data: 0, credit: 1 } as const;

export const protocolWithCredits = "plimsoll.resp.v1";

// One message of ours: bridges take 1 MiB.
const dataBytesMax = 512 * 1024;

/** The data of a message; undefined: it is none. */
export const readData = (message: Uint8Array): Uint8Array | undefined =>
  message[0] === types.data && message.length > 1 ? message.subarray(1) : undefined;

/** The message that grants so many bytes. */
export const makeCredit = (bytes: number): Uint8Array => {
  const message = new Uint8Array(5);
  message[0] = types.credit;
  new DataView(message.buffer).setUint32(1, bytes, true);
  return message;
};

/** Calls `send` with messages that carry these bytes. */
export const sendData = (bytes: Uint8Array, send: (message: Uint8Array) => void): void => {
  for (let at = 0; at < bytes.length; at += dataBytesMax) {
    const part = bytes.subarray(at, at + dataBytesMax);
    const message = new Uint8Array(1 + part.length);
    message[0] = types.data;
    message.set(part, 1);
    send(message);
  }
};
