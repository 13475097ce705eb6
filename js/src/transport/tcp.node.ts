import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { builtIn } from "../built-in.js";
import { startTimer, stopTimer } from "../own-timers.js";
import type { Address, Connect, TlsOptions, Transport, TransportEvents,
  TransportOptions } from "./transport.js";

// TCP and TLS in Node, Deno and Bun, all of which have node:net and are fastest with it.

// The most bytes of one read. All sockets read into one buffer, since data() copies the bytes: a new buffer
// for each read would cost more than everything else about a large reply.
const readBytesMax = 64 * 1024;
let readBuffer: Uint8Array | undefined;

// How long after close() the peer may take to read what was written. One that is alive and reads nothing would keep the
// socket, its bytes and with them the process for ever.
const lingerMsMax = 1000;

const isPem = (ca: NonNullable<TlsOptions["ca"]>): ca is string | Uint8Array =>
  typeof ca === "string" || ca instanceof Uint8Array;

const pemOf = (pem: string | Uint8Array): string | Buffer =>
  typeof pem === "string" ? pem : Buffer.from(pem);

const netModule = (): typeof import("node:net") => {
  const net = builtIn<typeof import("node:net")>("node:net");
  if (net !== undefined) return net;
  throw new Error("this runtime has no TCP sockets: Node needs version 20.19 or later; elsewhere connect to a bridge by " +
    "ws:// or wss://");
};

const open = (
  address: Address, options: TransportOptions, take: (bytes: Uint8Array) => void,
): Socket => {
  const { host, port, path } = address;
  const { connect: connectPlain } = netModule();
  const onread = {
    buffer: readBuffer ??= new Uint8Array(readBytesMax),
    callback: (size: number, buffer: Uint8Array): boolean => {
      take(buffer.subarray(0, size));
      return true;
    },
  };
  if (path !== undefined) return connectPlain({ path, onread });
  if (address.protocol !== "valkeys") return connectPlain({ host, port, noDelay: true, onread });
  const { ca, cert, key, serverName, rejectUnauthorized } = options.tls ?? {};
  // SNI takes names, not IP addresses.
  const isAddress = /^[\d.]+$|:/.test(host);
  const servername = serverName ?? (isAddress ? undefined : host);
  // Loaded only if it is needed: loading it takes as long as loading this package.
  return process.getBuiltinModule("node:tls").connect({
    host,
    port,
    onread,  // missing in the types
    ...(servername === undefined ? {} : { servername }),
    ...(ca === undefined ? {} : { ca: isPem(ca) ? pemOf(ca) : ca.map(pemOf) }),
    ...(cert === undefined ? {} : { cert: pemOf(cert) }),
    ...(key === undefined ? {} : { key: pemOf(key) }),
    rejectUnauthorized: rejectUnauthorized ?? true,
    minVersion: "TLSv1.2",
  } as ConnectionOptions).setNoDelay(true);
};

export const connectTcp: Connect = (address, events, options): Transport => {
  let isOpen = false;
  let over = false;
  let isHeard = false;
  let problem: Error | undefined;
  const tell = (event: Exclude<keyof TransportEvents, "shown">, argument?: any): void => {
    if (!over) events[event](argument);
  };
  const take = (bytes: Uint8Array): void => {
    isHeard = true;
    tell("data", bytes);
  };
  const socket = open(address, options, take);
  socket.once(address.protocol === "valkeys" ? "secureConnect" : "connect", () => {
    isOpen = true;
    tell("opened");
  });
  socket.on("data", take);  // for runtimes that do not support onread
  socket.on("drain", () => tell("drained"));
  socket.on("error", (error: Error) => {
    problem = error;
    // A server that speaks TLS drops a client that does not, without a word.
    if (isOpen && !isHeard && address.protocol === "valkey") {
      error.message += ", before a word; if the server speaks TLS here: valkeys://";
    }
  });
  socket.on("close", () => {
    tell("closed", problem);
    over = true;
  });
  return {
    canPause: true,
    // The socket keeps the bytes until they are sent, so it gets a copy. A small one comes out of Node's pool.
    write: (bytes) => socket.write(Buffer.from(bytes)),
    pause: () => { socket.pause(); },
    resume: () => { socket.resume(); },
    close: () => {
      over = true;
      // destroySoon() would wait for a host that does not answer, although there is nothing to send.
      if (!isOpen) return void socket.destroy();
      socket.destroySoon();
      const timer = startTimer(() => socket.destroy(), lingerMsMax);
      socket.once("close", () => stopTimer(timer));
    },
  };
};
