// How bytes get to a server and back. A transport of your own is a function of this shape, given
// as the option `transport`: see docs/javascript.md for an example.

/** Where to connect, as the address that the user gave says it. */
export interface Address {
  /** TCP, TLS, or a WebSocket without and with TLS. */
  readonly protocol: "valkey" | "valkeys" | "ws" | "wss";
  /** A name or an IP address; of IPv6 without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Of ws and wss: the whole address, without credentials. */
  readonly href: string;
}

/** What a transport tells. What it tells while one of its own functions is called, or the one that made
    it, is heard once that has returned. */
export interface TransportEvents {
  /**
   * What this connection shows to whoever lies before the server, such as a token, if it may be
   * another than the last one's: clients that show other things share nothing in a cache. Before
   * opened(), for each connection.
   */
  shown?(text: string): void;
  /** The connection is there, and TLS or the WebSocket handshake with it. */
  opened(): void;
  /** Bytes have come. They are read before this returns. */
  data(bytes: Uint8Array): void;
  /** After a write() that answered false: there is room again. */
  drained(): void;
  /** It is over; the error's message says why, if anything went wrong. Not after close(). */
  closed(error?: Error): void;
}

/** One connection. What these throw is the end of it. */
export interface Transport {
  /**
   * Takes all of `bytes`, which are overwritten once this has returned: what is kept is copied.
   * False: so much is queued that drained() should be waited for.
   */
  write(bytes: Uint8Array): boolean;
  /** No data() until resume(), where `canPause`. */
  pause(): void;
  /** Undoes pause(). */
  resume(): void;
  /** Whether the sender feels pause(): a WebSocket in a browser goes on receiving. */
  readonly canPause: boolean;
  /**
   * Where the peer sends no more than it is granted, as a bridge does: grants so many bytes more.
   * Looked for when it has opened; other transports have none.
   */
  readonly grant?: ((bytes: number) => void) | undefined;
  /** Ends the connection. No event comes after this. "overrun": the peer sent more than granted. */
  close(why?: "overrun"): void;
}

/** TLS, for valkeys://. The server's certificate is always verified unless told otherwise here. */
export interface TlsOptions {
  /** Certificates of authorities to trust in place of the system's, in PEM. */
  readonly ca?: string | readonly string[];
  /** The client's own certificate and key, in PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the certificate must have, where it is not the address's host. */
  readonly serverName?: string;
  /** False: any certificate will do, and so will anybody in between. For tests alone. */
  readonly rejectUnauthorized?: boolean;
}

/** The part of a WebSocket that is used, so that no DOM types are needed. */
export interface WebSocketLike {
  /** Set to "arraybuffer". */
  binaryType: string;
  /** Bytes that send() has taken and that have not left. */
  readonly bufferedAmount: number;
  /** The subprotocol that the peer chose. */
  readonly protocol: string | null;
  /** Sends one binary message. */
  send(data: Uint8Array): void;
  /** Ends the connection. */
  close(code?: number, reason?: string): void;
  /** Called when it is open. */
  onopen: ((event: any) => unknown) | null;
  /** Called for each message, with its `data`. */
  onmessage: ((event: any) => unknown) | null;
  /** Called before onclose, where something went wrong. */
  onerror: ((event: any) => unknown) | null;
  /** Called when it is over, with its `code` and `reason`. */
  onclose: ((event: any) => unknown) | null;
}

/** What makes one: the runtime's WebSocket, or that of the package ws. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** What a transport may need to know besides the address. */
export interface TransportOptions {
  /** For valkeys://; refused with any other address, unless the transport is your own. */
  readonly tls?: TlsOptions | undefined;
  /** Proves to a bridge who this is: a text, or what gets one for each new connection, since tokens
      expire and connections are made anew. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** The WebSocket subprotocols to offer, for bridges of others; "resp" unless given. */
  readonly protocols?: readonly string[] | undefined;
  /** What to open WebSockets with; the runtime's own unless given. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

/** Begins to connect. What goes wrong is told by closed(); what it throws is told likewise. */
export type Connect = (
  address: Address,
  events: TransportEvents,
  options: TransportOptions,
) => Transport;
