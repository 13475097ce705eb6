import { closeReasons, outboxAt } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { stage } from "./core/encode.js";
import type {
  Address, Connect, Transport, TransportEvents, TransportOptions,
} from "./transport/transport.js";

// One connection of a client: a transport, and what the core calls it by a number. Bytes go from
// the one to the other, as far as the core has room and the transport can take them; and what the
// core grants a bridge goes the other way.
//
// A transport may be somebody else's code. What it throws is the end of its connection and of nothing
// else; what it tells while it is being called is heard later, in its order.

/** Whose connection it is. */
export interface LinkOwner {
  readonly core: Core;
  readonly id: number;
  /** After anything that was told to the core. */
  turn(): void;
  /** Does what an event of the transport leads to. */
  protect(act: () => void): void;
  /** What the transport said of its end. */
  handleTrouble(error: unknown): void;
}

/** How connections are made. */
export interface Route {
  readonly connect: Connect;
  readonly address: Address;
  readonly options: TransportOptions;
  readonly hasCache: boolean;
}

// What may wait here for room in the core where the sender cannot be held up: a WebSocket without
// credits. With them, what waits was granted and so has been charged.
export const unreadBytesMax: number = 16 * 1024 * 1024;

// What is handed to the transport at a time.
const writtenBytesMax = 256 * 1024;

export class Link implements TransportEvents {
  readonly number: number;
  readonly #owner: LinkOwner;
  readonly #transport: Transport | undefined;
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

  constructor(owner: LinkOwner, number: number, { connect, address, options }: Route) {
    this.#owner = owner;
    this.number = number;
    this.#transport = this.#call(() => checked(connect(address, this, options)));
  }

  // ---- What the transport says

  shown(text: string): void { this.#shown = text; }

  opened(): void { this.#hear(() => this.#handleOpened()); }

  data(bytes: Uint8Array): void {
    if (!this.#calling && this.#unheard.length === 0) return this.#handleData(bytes);
    const kept = isBytes(bytes) ? bytes.slice() : bytes;
    this.#hear(() => this.#handleData(kept));
  }

  drained(): void { this.#hear(() => this.#handleDrained()); }

  closed(error?: unknown): void { this.#hear(() => this.#handleClosed(error)); }

  #hear(event: () => void): void {
    if (!this.#calling && this.#unheard.length === 0) return event();
    this.#unheard.push(event);
    if (this.#unheard.length === 1) queueMicrotask(this.#hearAll);
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

  // A cache wants to know it of the main connection. Without that there is no use in going on.
  #showAll(): boolean {
    if (this.number !== 0 || this.#shown === undefined) return true;
    const { core, id } = this.#owner;
    try {
      stage(core, [this.#shown]);
      core.check(core.calls.plimsoll_set_shown(id));
      return true;
    } catch (error) {
      this.#abandon(error as Error);
      return false;
    }
  }

  #handleData(bytes: Uint8Array): void {
    if (this.#over) return;
    if (!isBytes(bytes)) return this.#abandon(new TypeError("the transport's data is no Uint8Array"));
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
    if (!this.#over) this.#owner.turn();
  }

  #handleClosed(error: unknown): void {
    if (this.#over) return;
    this.#end();
    const { core, id } = this.#owner;
    this.#owner.handleTrouble(error);
    this.#owner.protect(() => {
      const reason = this.#reason(error);
      core.check(core.calls.plimsoll_handle_closed(id, this.number, reason, core.now()));
      this.#owner.turn();
    });
  }

  #reason(error: unknown): number {
    const code = codeOf(error);
    if (/CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/.test(code)) return closeReasons.certificate;
    if (/^ERR_(SSL|OSSL|TLS)|EPROTO/.test(code)) return closeReasons.tlsFailed;
    if (!this.#opened) return closeReasons.notOpened;
    return error === undefined ? closeReasons.ended : closeReasons.broken;
  }

  // ---- What the owner wants

  /** Sends what the core has to send, as far as the transport takes it. */
  flush(): void {
    const { core, id } = this.#owner;
    const { calls } = core;
    while (!this.#over && !this.#full) {
      const count = core.check(calls.plimsoll_poll_transmit(id, this.number));
      if (count === 0) return;
      const written = this.#write(count);
      core.check(calls.plimsoll_handle_written(id, this.number, written));
    }
  }

  /** There may be room again for what waits here. */
  resume(): void {
    // What is read has the owner turn, who comes by here again.
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
    this.#resumeTransport();
  }

  get isStarved(): boolean { return this.#unreadBytes > 0; }

  /** Bytes that have come and wait outside of the core. */
  get unreadBytes(): number { return this.#unreadBytes; }

  close(): void {
    if (this.#over) return;
    this.#end();
    this.#closeTransport();
  }

  // Its connection is over, whatever it throws.
  #closeTransport(why?: "overrun"): void {
    this.#call(() => this.#transport?.close(why));
  }

  #end(): void {
    this.#over = true;
    this.#unread = [];
    this.#unreadBytes = 0;
  }

  // How many of the bytes there was room for. `waiting`: with those behind them.
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
    this.#paused = true;
    this.#call(() => this.#transport!.pause());
    if (this.#unreadBytes <= unreadBytesMax) return;
    // It would not stop: better no connection than memory that nobody has counted.
    this.#abandon(new Error(`unreadBytesMax (${unreadBytesMax}): the memory line has no room, and ` +
      "the sender cannot be made to wait"));
  }

  // What a call has answered that says how much to grant.
  #grant(answer: number): void {
    if (answer > 0) this.#call(() => this.#transport!.grant!(answer));
    else if (answer < 0) this.#refuse();
  }

  // The last call says that the connection cannot go on, or that this is a bug.
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
    let written = 0;
    for (let i = 0; i < count && !this.#full && written < writtenBytesMax; ++i) {
      const at = core.words[first + 2 * i]! >>> 0;
      const size = core.words[first + 2 * i + 1]!;
      // One that has thrown may have sent them all the same.
      const took = this.#call(() => this.#transport!.write(core.bytes.subarray(at, at + size)));
      this.#full = !took;
      written += size;
    }
    return written;
  }
}

const codeOf = (error: unknown): string => {
  try {
    return String((error as { code?: unknown } | undefined)?.code ?? "");
  } catch {
    return "";
  }
};

// Buffers of other realms are none of this one's Uint8Array.
const isBytes = (bytes: unknown): boolean =>
  ArrayBuffer.isView(bytes) && (bytes as Uint8Array).BYTES_PER_ELEMENT === 1;

const checked = (transport: Transport): Transport => {
  for (const name of ["write", "pause", "resume", "close"] as const) {
    if (typeof transport?.[name] !== "function") throw new TypeError(`the transport has no ${name}()`);
  }
  return transport;
};
