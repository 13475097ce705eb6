import { connect as connectPlain, type Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { Address, Connect, Transport, TransportEvents, TransportOptions } from "./transport.js";

// TCP and TLS in Node, Deno and Bun, all of which have node:net, and are fastest by it.

// What is read at a time, into the one buffer of all sockets, since whoever is told of bytes copies
// them: a new buffer for each read would cost more than all else that is done with a large reply.
const readBytesMax = 64 * 1024;
let readBuffer: Uint8Array | undefined;

const open = (
  address: Address, options: TransportOptions, take: (bytes: Uint8Array) => void,
): Socket => {
  const { host, port } = address;
  const onread = {
    buffer: readBuffer ??= new Uint8Array(readBytesMax),
    callback: (size: number, buffer: Uint8Array): boolean => {
      take(buffer.subarray(0, size));
      return true;
    },
  };
  if (address.protocol !== "valkeys") return connectPlain({ host, port, noDelay: true, onread });
  const { ca, cert, key, serverName, rejectUnauthorized } = options.tls ?? {};
  // An IP address is no name for SNI.
  const isAddress = /^[\d.]+$|:/.test(host);
  const servername = serverName ?? (isAddress ? undefined : host);
  // Loaded where it is needed: to load it takes as long as to load all of this package.
  return process.getBuiltinModule("node:tls").connect({
    host,
    port,
    onread,  // which the types do not know
    ...(servername === undefined ? {} : { servername }),
    ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: rejectUnauthorized ?? true,
    minVersion: "TLSv1.2",
  } as ConnectionOptions).setNoDelay(true);
};

export const connectTcp: Connect = (address, events, options): Transport => {
  let over = false;
  let problem: Error | undefined;
  const tell = (event: Exclude<keyof TransportEvents, "shown">, argument?: any): void => {
    if (!over) events[event](argument);
  };
  const take = (bytes: Uint8Array): void => tell("data", bytes);
  const socket = open(address, options, take);
  socket.once(address.protocol === "valkeys" ? "secureConnect" : "connect", () => tell("opened"));
  socket.on("data", take);  // where onread is not known
  socket.on("drain", () => tell("drained"));
  socket.on("error", (error: Error) => { problem = error; });
  socket.on("close", () => {
    tell("closed", problem);
    over = true;
  });
  return {
    canPause: true,
    // The socket keeps what it is given until it is sent: a copy, which for little comes out of Node's
    // pool.
    write: (bytes) => socket.write(Buffer.from(bytes)),
    pause: () => { socket.pause(); },
    resume: () => { socket.resume(); },
    close: () => {
      over = true;
      // What was written goes out first; a peer that does not read does not hold it up.
      socket.destroySoon();
    },
  };
};
