// The interface between the client and a transport, which moves bytes to a server and back. To use a
// transport of your own, give a function of type Connect as the option `transport`; docs/javascript.md has
// an example.

/** Where to connect, taken from the address that the user gave. */
export interface Address {
  /** TCP, TLS, a WebSocket without and with TLS, or a unix socket. */
  readonly protocol: "valkey" | "valkeys" | "ws" | "wss" | "unix";
  /** A name or an IP address; IPv6 addresses are without brackets. "" for a unix socket. */
  readonly host: string;
  /** 1 to 65535; 0 for a unix socket. */
  readonly port: number;
  /** The path of a unix socket. */
  readonly path?: string | undefined;
  /** The whole address without credentials, for ws and wss. */
  readonly href: string;
}

/** The events that a transport reports. An event that it reports while one of its own functions is called, or
    the function that made it, is handled once that function has returned. */
export interface TransportEvents {
  /**
   * Says what this connection shows to a bridge in front of the server, such as a token. Clients of one cache
   * share entries only if they show the same. If the text may differ between connections, call this for
   * each connection, before opened().
   */
  shown?(text: string): void;
  /** The connection is open, including TLS or the WebSocket handshake. */
  opened(): void;
  /** Bytes were received. The client reads them before this returns, so the buffer may be used again. */
  data(bytes: Uint8Array): void;
  /** There is room again, after a write() that returned false. */
  drained(): void;
  /** The connection has ended, or could not be opened. The error's message says why, if something went wrong.
      Do not call this after close(). */
  closed(error?: Error): void;
}

/** One connection. If one of these functions throws, the connection is closed. */
export interface Transport {
  /**
   * Takes all of `bytes`. They are overwritten once this returns, so copy what you keep. Return false if so
   * much is queued that the client should wait for drained().
   */
  write(bytes: Uint8Array): boolean;
  /** Stops calls of data() until resume(), if `canPause`. */
  pause(): void;
  /** Undoes pause(). */
  resume(): void;
  /** Whether pause() makes the sender wait. False for a WebSocket in a browser, which goes on receiving. */
  readonly canPause: boolean;
  /**
   * Grants the peer `bytes` more bytes. Only for a peer that sends no more than it is granted, as a bridge
   * does; undefined for any other. The client looks for it at opened().
   */
  readonly grant?: ((bytes: number) => void) | undefined;
  /** Closes the connection. Report no event after this. "overrun": the peer has sent more than granted. */
  close(why?: "overrun"): void;
}

/** Options of TLS, for valkeys://. The server's certificate is verified unless rejectUnauthorized is
    false. */
export interface TlsOptions {
  /** Certificates of authorities to trust instead of the system's, in PEM. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** The client's own certificate and key, in PEM. */
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** The name that the certificate must have, if it is not the address's host. */
  readonly serverName?: string | undefined;
  /** False accepts any certificate, even that of an attacker between client and server. For tests only. */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** The part of a WebSocket that is used, so that no DOM types are needed. */
export interface WebSocketLike {
  /** The client sets this to "arraybuffer". */
  binaryType: string;
  /** Bytes that send() has taken and that have not left yet. */
  readonly bufferedAmount: number;
  /** The subprotocol that the peer chose. */
  readonly protocol: string | null;
  /** Sends one binary message. */
  send(data: Uint8Array): void;
  /** Ends the connection. */
  close(code?: number, reason?: string): void;
  /** Ends the connection without waiting for the peer, where a class can: that of `ws` can. */
  terminate?(): void;
  /** Called when the WebSocket is open. */
  onopen: ((event: any) => unknown) | null;
  /** Called for each message, with its `data`. */
  onmessage: ((event: any) => unknown) | null;
  /** Called before onclose, if something went wrong. */
  onerror: ((event: any) => unknown) | null;
  /** Called when the connection has ended, with its `code` and `reason`. */
  onclose: ((event: any) => unknown) | null;
}

/** A class of WebSockets: the runtime's own, or that of the npm package ws. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** What a transport may need besides the address. */
export interface TransportOptions {
  /** TLS for valkeys://. Refused with any other address, unless the transport is your own. */
  readonly tls?: TlsOptions | undefined;
  /** The token for a bridge: a text, or a function that returns one for each new connection, since tokens
      expire and connections are made anew. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** The WebSocket subprotocols to offer, for other bridges. Default: those of plimsoll-bridge, and "resp". */
  readonly protocols?: readonly string[] | undefined;
  /** The class to open WebSockets with. Default: the runtime's own. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

/** Begins to connect. Failures are reported by closed(); an exception counts as one. */
export type Connect = (
  address: Address,
  events: TransportEvents,
  options: TransportOptions,
) => Transport;
