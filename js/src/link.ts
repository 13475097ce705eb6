import type { ChangeOptions } from "./changes.js";
import { closeReasons, outboxAt } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { stage } from "./core/encode.js";
import { isBytes, plainView } from "./core/sizes.js";
import { inMicrotask } from "./own-timers.js";
import type {
  Address, Connect, Transport, TransportEvents, TransportOptions,
} from "./transport/transport.js";

// One connection of a client: ties a transport to a connection of the core, which has a number. Moves bytes
// between the two, as far as the core has room and the transport takes them, and passes the core's grants
// to a bridge. Driver owns it.
//
//   connecting --opened()--> open --closed(), close(), or a failure--> over
//       |                                                                ^
//       +----------------------------------------------------------------+
//
// Invariants:
// - A transport may be the caller's own code. An exception in it ends its connection and nothing else.
// - What a transport reports while one of its functions is called (#calling) is handled later, in the order
//   of the reports (#unheard): the core must not be called in the middle of its own events.
// - Bytes for which the core has no room wait here (#unread), and the transport is paused. They are bounded
//   by what was granted, or else by unreadBytesMax.

/** What a link needs of the driver that owns it. */
export interface LinkOwner {
  readonly core: Core;
  readonly id: number;
  /** The links that have bytes which the core had no room for: they wait for resume(). */
  readonly starved: Set<Link>;
  /** The links that had no room for what the core has to send, and have some again: they wait for flush(). */
  readonly drained: Set<Link>;
  /** Handles the core's events. Called after each call of the core that may cause events. */
  turn(): void;
  /** Runs `act`, which handles an event of the transport, and catches a trap of the core. */
  protect(act: () => void): void;
  /** The error of the transport of connection `number`, for the messages of failed requests. */
  handleTrouble(error: unknown, number: number): void;
}

/** How one connection is made. */
export interface Way {
  readonly connect: Connect;
  readonly address: Address;
  readonly options: TransportOptions;
  /** What the address adds to what the main connection shows; undefined if the client has only this one. */
  readonly place: string | undefined;
}

/** How a client's connections are made. */
export interface Route {
  readonly connect: Connect;
  /** By the numbers of the core: one, or several that lead to the same data, or those of sentinels, or of servers of a
      cluster. */
  readonly addresses: readonly Address[];
  readonly options: TransportOptions;
  /** Undefined if `addresses` are those of servers. */
  readonly sentinels: SentinelRoute | undefined;
  /** Whether `addresses` may be those of servers of a cluster. */
  readonly mayBeCluster: boolean;
  /** Whether the client reads from replicas. */
  readonly readsReplicas: boolean;
  readonly hasCache: boolean;
  /** Whether all addresses lead to the same data, those of a cluster among them. */
  readonly isOnePlace: boolean;
  readonly changes: ChangeOptions;
  readonly database: number;
}

/** How connections to sentinels are made. */
export interface SentinelRoute {
  readonly connect: Connect;
  readonly options: TransportOptions;
  readonly protocol: "valkey" | "valkeys";
  /** Stands for the primary until the sentinels have told its address. */
  readonly primary: Address;
}

// The most bytes that may wait here for room in the core if the sender cannot be made to wait, as with a
// WebSocket without credits. With credits, the waiting bytes were granted, so they are charged already.
export const unreadBytesMax: number = 16 * 1024 * 1024;

// The most bytes that are handed to the transport at a time.
const writtenBytesMax = 256 * 1024;

export class Link implements TransportEvents {
  readonly number: number;
  /** Bytes that have arrived. */
  bytesRead = 0;
  readonly #owner: LinkOwner;
  readonly #transport: Transport | undefined;
  readonly #place: string | undefined;
  #calling = false;
  readonly #unheard: (() => void)[] = [];
  #opened = false;
  #over = false;
  #full = false;
  #paused = false;
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #resuming = false;
  #shown: string | undefined;

  constructor(owner: LinkOwner, number: number, { connect, address, options, place }: Way) {
    this.#owner = owner;
    this.number = number;
    this.#place = place;
    this.#transport = this.#call(() => checked(connect(address, this, options)));
  }

  // ---- Events of the transport

  shown(text: string): void { this.#shown = text; }

  opened(): void { this.#hear(() => this.#handleOpened()); }

  data(bytes: Uint8Array): void {
    if (!this.#calling && this.#unheard.length === 0) return this.#handleData(bytes);
    const kept = isBytes(bytes) ? plainView(bytes).slice() : bytes;
    this.#hear(() => this.#handleData(kept));
  }

  drained(): void { this.#hear(() => this.#handleDrained()); }

  closed(error?: unknown): void { this.#hear(() => this.#handleClosed(error)); }

  #hear(event: () => void): void {
    if (!this.#calling && this.#unheard.length === 0) return event();
    this.#unheard.push(event);
    if (this.#unheard.length === 1) inMicrotask(this.#hearAll);
  }

  readonly #hearAll = (): void => {
    for (; this.#unheard.length > 0; this.#unheard.shift()) this.#unheard[0]!();
  };

  #call<T>(act: () => T): T | undefined {
    this.#calling = true;
    try {
      return act();
    } catch (error) {
      this.#hear(() => this.#abandon(error));
      return undefined;
    } finally {
      this.#calling = false;
    }
  }

  #handleOpened(): void {
    if (this.#over || this.#opened) return;
    const { core, id } = this.#owner;
    this.#owner.protect(() => {
      if (!this.#showAll()) return;
      const credits = this.#call(() => this.#transport!.grant !== undefined) === true ? 1 : 0;
      this.#grant(core.calls.plimsoll_handle_opened(id, this.number, credits, core.now()));
      if (this.#over) return;
      this.#opened = true;
      this.#owner.turn();
    });
  }

  // Reports to the core what the main connection shows to a bridge; a cache distinguishes users by it. If
  // this fails, the connection ends, because the cache could serve it what another user has read.
  #showAll(): boolean {
    if (this.number !== 0 || (this.#shown ?? this.#place) === undefined) return true;
    const { core, id } = this.#owner;
    const shown = this.#shown ?? "";
    try {
      stage(core, [this.#place === undefined ? shown : `${this.#place}\0${shown}`]);
      core.check(core.calls.plimsoll_set_shown(id));
      return true;
    } catch (error) {
      this.#abandon(error as Error);
      return false;
    }
  }

  #handleData(given: Uint8Array): void {
    if (this.#over) return;
    if (!isBytes(given)) return this.#abandon(new TypeError("the transport's data is no Uint8Array"));
    // A class of the transport's may have functions of its own, which must not run in the middle of the core.
    const bytes = plainView(given);
    this.bytesRead += bytes.length;
    this.#owner.protect(() => {
      if (this.#unreadBytes > 0) {
        this.#keep(bytes.slice());
        return this.resume();
      }
      const taken = this.#read(bytes, bytes.length);
      if (taken < bytes.length && !this.#over) this.#keep(bytes.slice(taken));
    });
  }

  #handleDrained(): void {
    this.#full = false;
    if (this.#over) return;
    // The core has named this connection before, and does not do so again until it is used.
    this.#owner.drained.add(this);
    this.#owner.turn();
  }

  #handleClosed(error: unknown): void {
    if (this.#over) return;
    this.#end();
    const { core, id } = this.#owner;
    this.#owner.handleTrouble(error, this.number);
    this.#owner.protect(() => {
      const reason = this.#reason(error);
      core.check(core.calls.plimsoll_handle_closed(id, this.number, reason, core.now()));
      this.#owner.turn();
    });
  }

  #reason(error: unknown): number {
    const code = codeOf(error);
    // An alert says what the server has against this client, such as that it has no certificate.
    if (/^ERR_(SSL|OSSL|TLS).*_ALERT_/.test(code)) return closeReasons.tlsFailed;
    if (/CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/.test(code)) return closeReasons.certificate;
    if (/^ERR_(SSL|OSSL|TLS)|EPROTO/.test(code)) return closeReasons.tlsFailed;
    const refusal = refusalsOfBridges.get(code);
    if (refusal !== undefined) return refusal;
    if (!this.#opened) return closeReasons.notOpened;
    return error === undefined ? closeReasons.ended : closeReasons.broken;
  }

  // ---- Calls of the owner

  /** Sends what the core has to send, as far as the transport takes it. */
  flush(): void {
    const { core, id, drained } = this.#owner;
    drained.delete(this);
    const { calls } = core;
    while (!this.#over && !this.#full) {
      const count = core.check(calls.plimsoll_poll_transmit(id, this.number));
      if (count === 0) return;
      const written = this.#write(count);
      core.check(calls.plimsoll_handle_written(id, this.number, written));
    }
  }

  /** The core may have room again for the bytes that wait here. */
  resume(): void {
    // Reading makes the owner run a turn, which calls this again.
    if (this.#resuming) return;
    this.#resuming = true;
    try {
      this.#readUnread();
    } finally {
      this.#resuming = false;
    }
  }

  #readUnread(): void {
    while (this.#unread.length > 0) {
      const first = this.#unread[0]!;
      const taken = this.#read(first, this.#unreadBytes);
      if (this.#over) return;
      this.#unreadBytes -= taken;
      if (taken < first.length) {
        this.#unread[0] = first.subarray(taken);
        return;
      }
      this.#unread.shift();
    }
    this.#owner.starved.delete(this);
    this.#resumeTransport();
  }

  /** Bytes that were received and wait outside of the core. */
  get unreadBytes(): number { return this.#unreadBytes; }

  close(): void {
    if (this.#over) return;
    this.#end();
    this.#closeTransport();
  }

  // Closes the transport. The connection is over even if the transport throws.
  #closeTransport(why?: "overrun"): void {
    this.#call(() => this.#transport?.close(why));
  }

  #end(): void {
    this.#over = true;
    this.#unread = [];
    this.#unreadBytes = 0;
    this.#owner.starved.delete(this);
    this.#owner.drained.delete(this);
  }

  // Gives bytes to the core. Returns how many it had room for. `waiting` counts these bytes and all that wait
  // behind them.
  #read(bytes: Uint8Array, waiting: number): number {
    const { core, id } = this.#owner;
    const { calls } = core;
    let taken = 0;
    while (taken < bytes.length && !this.#over) {
      const room = calls.plimsoll_read_space(id, this.number, waiting - taken);
      if (room < 0) this.#refuse();
      if (room <= 0) break;
      const at = core.outboxNumber(outboxAt.spans) >>> 0;
      const size = Math.min(room, bytes.length - taken);
      core.bytes.set(size === bytes.length ? bytes : bytes.subarray(taken, taken + size), at);
      this.#grant(calls.plimsoll_handle_read(id, this.number, size, core.now()));
      taken += size;
      this.#owner.turn();
    }
    return taken;
  }

  #keep(bytes: Uint8Array): void {
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    this.#owner.starved.add(this);
    this.#paused = true;
    this.#call(() => this.#transport!.pause());
    if (this.#unreadBytes <= unreadBytesMax) return;
    // The sender does not stop. Closes the connection: its bytes would take memory that no pool pays for.
    this.#abandon(new Error(`unreadBytesMax (${unreadBytesMax}): the memory line has no room, and ` +
      "the sender cannot be made to wait"));
  }

  // Handles the answer of a call that says how many bytes to grant the peer.
  #grant(answer: number): void {
    if (answer > 0) this.#call(() => this.#transport!.grant!(answer));
    else if (answer < 0) this.#refuse();
  }

  // The last call was refused: the connection cannot go on, or this is a bug.
  #refuse(): void {
    const refusal = this.#owner.core.refusal();
    if (refusal.code === "protocol_error") this.#abandon(refusal, "overrun");
    else if (refusal.code === "out_of_memory") this.#abandon(refusal);
    else throw refusal;
  }

  #abandon(error: unknown, why?: "overrun"): void {
    if (this.#over) return;
    this.#closeTransport(why);
    this.#handleClosed(error);
  }

  #resumeTransport(): void {
    if (!this.#paused || this.#over) return;
    this.#paused = false;
    this.#call(() => this.#transport!.resume());
  }

  #write(count: number): number {
    const { core } = this.#owner;
    const first = core.outboxWord + (outboxAt.spans >> 2);
    // A transport of the caller's may call a client, which writes to the same place.
    const spans = core.words.slice(first, first + 2 * count);
    let written = 0;
    for (let i = 0; i < count && !this.#full && written < writtenBytesMax; ++i) {
      const at = spans[2 * i]! >>> 0;
      const size = spans[2 * i + 1]!;
      // A transport that throws may have sent the bytes nevertheless, so they count as written.
      const took = this.#call(() => this.#transport!.write(core.bytes.subarray(at, at + size)));
      this.#full = !took;
      written += size;
    }
    return written;
  }
}

// What another attempt would not change. The codes are those of transport/ws.ts.
const refusalsOfBridges = new Map<string, number>([
  ["BRIDGE_401", closeReasons.token],
  ["BRIDGE_403", closeReasons.forbidden],
  ["BRIDGE_404", closeReasons.noUpstream],
]);

const codeOf = (error: unknown): string => {
  try {
    return String((error as { code?: unknown } | undefined)?.code ?? "");
  } catch {
    return "";
  }
};

const checked = (transport: Transport): Transport => {
  for (const name of ["write", "pause", "resume", "close"] as const) {
    if (typeof transport?.[name] !== "function") throw new TypeError(`the transport has no ${name}()`);
  }
  return transport;
};
