import type { CallOptions, Raw, Word } from "./commands/call.js";
import { actions, events, more, nodeWords, outboxAt, outcomes,
  recordWords } from "./core/abi.js";
import { ask, askAdmitted, askCache } from "./core/ask.js";
import type { Core, Failable } from "./core/core.js";
import { NodeReader } from "./core/decode.js";
import { readFailure, readMissed } from "./core/records.js";
import { stageCommands } from "./core/encode.js";
import { CancelledError, type CoreError, PlimsollError, ServerError } from "./errors.js";
import { Link, type LinkOwner } from "./link.js";
import { fail, note } from "./refusal.js";
import { type Pending, Requests, type Wanted } from "./requests.js";
import type { Address, Connect, TransportOptions } from "./transport/transport.js";

// Moves bytes, time and outcomes between a client in the core, its connections and its promises. A
// turn tells what has happened and sends what was staged: all requests of one run of microtasks.

/** What a driver tells of its client as a whole. */
export interface DriverListener {
  handleReady(): void;
  handleDisconnected(error: PlimsollError): void;
  handleClosed(error: PlimsollError): void;
  handleCredentialsRefused(error: PlimsollError): void;
}

/** How a driver gets connections. */
export interface Route {
  readonly connect: Connect;
  readonly address: Address;
  readonly options: TransportOptions;
}

const timerMsMax = 0x7fffffff;

export class Driver implements Failable, LinkOwner {
  readonly core: Core;
  id = 0;
  readonly #listener: DriverListener;
  readonly #route: Route;
  readonly #reader: NodeReader;
  readonly #requests = new Requests();
  readonly #links: (Link | undefined)[] = [];
  #over: PlimsollError | undefined;
  #turning = false;
  #turnAgain = false;
  #scheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #armedAt = Infinity;
  #trouble = "";

  /** `create` makes the client in the core. */
  constructor(core: Core, route: Route, listener: DriverListener, create: () => number) {
    this.core = core;
    this.#route = route;
    this.#listener = listener;
    this.id = this.#guard(create);
    this.#reader = new NodeReader(core, this.id);
    core.users.add(this);
    this.schedule();
  }

  /** What this client has ended by, if it has. */
  get end(): PlimsollError | undefined { return this.#over; }

  /** Bytes that have come and wait outside of the core, of all connections. */
  get unreadBytes(): number {
    return this.#links.reduce((sum, link) => sum + (link?.unreadBytes ?? 0), 0);
  }

  // ---- Requests

  /** One command; the promise has its one outcome. */
  submit(words: readonly Word[], wanted: Wanted): Promise<unknown> {
    const { core } = this;
    const { options } = wanted;
    if (this.#over !== undefined) return Promise.reject(this.#over);
    if (options?.signal?.aborted) return Promise.reject(abortedBefore());
    const tag = this.#requests.nextTag;
    try {
      const outcome = ask(core, this.id, words, tag, options);
      if (outcome === outcomes.served) return Promise.resolve(this.#served(wanted));
      this.schedule();
      return this.#wait(tag, wanted, outcome === outcomes.waits ? words : undefined);
    } catch (error) {
      return Promise.reject(this.#blame(error));
    }
  }

  /** All of the commands or none; the outcome is EXEC's. */
  submitTransaction(commands: readonly (readonly Word[])[], wanted: Wanted): Promise<unknown> {
    const { calls } = this.core;
    const { timeout = -1 } = wanted.options ?? {};
    return this.submitBy({ ...wanted, commands: commands.length }, (tag, now) => {
      const count = stageCommands(this.core, commands);
      return calls.plimsoll_submit_transaction(this.id, commands.length, count, tag, timeout, now);
    });
  }

  /** Any other request: `begin` makes the call with a tag and the time. */
  submitBy(wanted: Wanted, begin: (tag: number, now: number) => number): Promise<unknown> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    if (wanted.options?.signal?.aborted) return Promise.reject(abortedBefore());
    const tag = this.#requests.nextTag;
    try {
      this.#guard(() => begin(tag, this.core.now()));
      this.schedule();
      return this.#wait(tag, wanted, undefined);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What the cache has for GET of this key, if anything. */
  lookUp(key: Word, wanted: Wanted): unknown {
    if (this.#over !== undefined) return undefined;
    try {
      return askCache(this.core, this.id, key) ? this.#served(wanted) : undefined;
    } catch (error) {
      throw this.#blame(error);
    }
  }

  #served(wanted: Wanted): unknown {
    const { core } = this;
    this.#reader.begin(core.outboxWord + (outboxAt.area >> 2),
      core.outboxNumber(outboxAt.nodesCount));
    const asBytes = wanted.options?.as === "bytes";
    const value = this.#reader.value(asBytes, wanted.asMaps === true);
    return wanted.shape === undefined ? value : wanted.shape(value, asBytes ? "bytes" : "text");
  }

  #wait(tag: number, wanted: Wanted, words: readonly Word[] | undefined): Promise<unknown> {
    const { core } = this;
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        resolve,
        reject,
        shape: wanted.shape,
        asBytes: wanted.options?.as === "bytes",
        asMaps: wanted.asMaps === true,
        words,
        low: core.outboxNumber(outboxAt.request),
        high: core.outboxNumber(outboxAt.request + 4),
        part: wanted.part,
        stopListening: undefined,
        commands: wanted.commands ?? 0,
        refusal: undefined,
      };
      this.#requests.put(tag, pending);
      const signal = wanted.options?.signal;
      if (signal !== undefined) this.#listen(pending, signal);
    });
  }

  #listen(pending: Pending, signal: NonNullable<CallOptions["signal"]>): void {
    const cancel = (): void => {
      pending.stopListening?.();
      if (this.#over !== undefined) return;
      const { low, high } = pending;
      this.#guard(() => this.core.calls.plimsoll_cancel(this.id, low, high, this.core.now()));
      this.schedule();
    };
    pending.stopListening = () => signal.removeEventListener("abort", cancel);
    signal.addEventListener("abort", cancel);
  }

  // ---- Its life

  /** Takes no more requests, and ends when the replies that are owed have come. */
  close(): void {
    if (this.#over !== undefined) return;
    this.#guard(() => this.core.calls.plimsoll_close(this.id, this.core.now()));
    this.schedule();
  }

  /** The instance has failed: nothing can be asked of it any more. */
  handleCoreFailed(error: CoreError): void {
    this.#finish(error);
    this.#listener.handleClosed(error);
  }

  /** Does what a transport's event leads to; what fails there is the end of the instance. */
  protect(act: () => void): void {
    if (this.#over !== undefined) return;
    try {
      act();
    } catch (error) {
      this.core.fail(error);
    }
  }

  handleTrouble(error: Error | undefined): void {
    if (error !== undefined) this.#trouble = error.message || error.name;
  }

  /** Who is at fault: the caller, who is told; or the core, and then it is the end of it. */
  #blame(error: unknown): unknown {
    const isOfTheCaller = error instanceof TypeError || error instanceof PlimsollError;
    return isOfTheCaller ? error : this.core.fail(error);
  }

  /** The answer of a call of the core's, if it was not refused. */
  #guard(call: () => number): number {
    try {
      return this.core.check(call());
    } catch (error) {
      throw this.#blame(error);
    }
  }

  #finish(error: PlimsollError): void {
    this.#over = error;
    clearTimeout(this.#timer);
    this.core.users.delete(this);
    for (const link of this.#links) link?.close();
    this.#links.length = 0;
    this.#requests.rejectAll(error);
  }

  // ---- Turns

  /** Has a turn come once the microtasks of now are done. */
  schedule(): void {
    if (this.#turning) this.#turnAgain = true;
    if (this.#scheduled || this.#turning) return;
    this.#scheduled = true;
    queueMicrotask(this.#scheduledTurn);
  }

  readonly #scheduledTurn = (): void => {
    this.#scheduled = false;
    this.turn();
  };

  turn(): void {
    if (this.#over !== undefined) return;
    if (this.#turning) return this.schedule();
    this.#turning = true;
    try {
      do {
        this.#turnAgain = false;
        this.#pollAll();
      } while (this.#turnAgain && this.#over === undefined);
    } catch (error) {
      this.core.fail(error);
    } finally {
      this.#turning = false;
    }
    if (this.#over === undefined) this.#armTimer();
  }

  #pollAll(): void {
    const { core } = this;
    do {
      const count = core.check(core.calls.plimsoll_poll(this.id));
      if (count > 0) this.#tell(count);
      if (this.#over !== undefined) return;
      const action = core.outboxNumber(outboxAt.action);
      if (action !== actions.none) this.#act(action, core.outboxNumber(outboxAt.connection));
    } while (core.outboxNumber(outboxAt.more) !== more.nothing);
    this.#flush(core.outboxNumber(outboxAt.unsent), 0);
    this.#flush(core.outboxNumber(outboxAt.unsent + 4), 32);
    for (const link of this.#links) {
      if (link?.isStarved) link.resume();
    }
  }

  #flush(bits: number, first: number): void {
    for (let left = bits; left !== 0; left &= left - 1) {
      this.#links[first + 31 - Math.clz32(left & -left)]?.flush();
    }
  }

  #act(action: number, connection: number): void {
    this.#links[connection]?.close();
    this.#links[connection] = undefined;
    if (action !== actions.open) return;
    const { connect, address, options } = this.#route;
    this.#links[connection] = new Link(this, connection, connect, address, options);
  }

  #armTimer(): void {
    const { core } = this;
    const at = core.doubles[(core.outbox + outboxAt.timeout) >> 3]!;
    // An earlier alarm than needed comes by once and is set anew: cheaper than moving it.
    if (at >= this.#armedAt) return;
    clearTimeout(this.#timer);
    this.#armedAt = at;
    const wait = Math.min(Math.max(0, Math.ceil(at - core.now())), timerMsMax);
    this.#timer = setTimeout(this.#handleTimer, wait);
  }

  readonly #handleTimer = (): void => {
    this.#armedAt = Infinity;
    if (this.#over !== undefined) return;
    this.#guard(() => this.core.calls.plimsoll_handle_timeout(this.id, this.core.now()));
    this.turn();
  };

  // ---- Events

  #tell(count: number): void {
    const { core } = this;
    let at = core.outboxWord + (outboxAt.area >> 2);
    for (let i = 0; i < count; ++i) {
      const nodes = core.words[at + 9]!;
      this.#tellOne(at, nodes);
      at += recordWords + nodeWords * nodes;
    }
  }

  #tellOne(at: number, nodes: number): void {
    const { words } = this.core;
    const tag = words[at + 1]!;
    switch (words[at]) {
      case events.completed: return this.#complete(at, nodes, tag);
      case events.pushed:
        if (tag !== 0) this.#tellPart(at, nodes, tag);
        return;
      case events.failed:
        // The reader may ask for more of the value: the error is read before.
        return fail(this.#requests.take(tag), this.#failure(at, nodes));
      case events.queueingFailed: return this.#noteRefusal(at, nodes, tag);
      case events.admitted: return this.#submitAdmitted(tag);
      case events.ready:
        this.#trouble = "";
        return this.#listener.handleReady();
      case events.disconnected: return this.#listener.handleDisconnected(this.#failure(at, nodes));
      case events.credentialsRefused:
        return this.#listener.handleCredentialsRefused(this.#failure(at, nodes));
      case events.closed: return this.#handleClosed(this.#failure(at, nodes));
    }
  }

  #noteRefusal(at: number, nodes: number, tag: number): void {
    const pending = this.#requests.get(tag);
    if (pending !== undefined) note(pending, this.#failure(at, nodes), this.core.words[at + 8]!);
  }

  #complete(at: number, nodes: number, tag: number): void {
    const pending = this.#requests.take(tag);
    if (pending === undefined) return;
    try {
      const value = nodes > 0 ? this.#value(at, nodes, pending) : undefined;
      if (pending.part !== undefined) {
        if (value !== undefined) pending.part(value, readMissed(this.core, at));
        return pending.resolve(undefined);
      }
      const shaped = pending.shape === undefined || value === undefined
        ? value : pending.shape(value, pending.asBytes ? "bytes" : "text");
      if (shaped instanceof ServerError) pending.reject(shaped);
      else pending.resolve(shaped);
    } catch (error) {
      pending.reject(error);
    }
  }

  #tellPart(at: number, nodes: number, tag: number): void {
    const pending = this.#requests.get(tag);
    if (pending?.part === undefined || nodes === 0) return;
    pending.part(this.#value(at, nodes, pending), readMissed(this.core, at));
  }

  #value(at: number, nodes: number, pending: Pending): Raw {
    this.#reader.begin(at + recordWords, nodes);
    this.#reader.ofExec = pending.commands > 0;
    return this.#reader.value(pending.asBytes, pending.asMaps);
  }

  #failure(at: number, nodes: number): PlimsollError {
    return readFailure(this.core, this.#reader, at, nodes, this.#trouble);
  }

  #submitAdmitted(tag: number): void {
    const pending = this.#requests.get(tag)!;
    const words = pending.words!;
    pending.words = undefined;
    askAdmitted(this.core, this.id, words, tag);
    pending.low = this.core.outboxNumber(outboxAt.request);
    pending.high = this.core.outboxNumber(outboxAt.request + 4);
  }

  #handleClosed(error: PlimsollError): void {
    // Those still waiting are told next; nothing is to be asked of the core after that.
    queueMicrotask(() => {
      if (this.#over !== undefined) return;
      this.turn();
      this.#finish(error);
      this.core.calls.plimsoll_destroy(this.id);
      this.#listener.handleClosed(error);
    });
  }
}

const abortedBefore = (): CancelledError =>
  new CancelledError("cancelled", "the signal was aborted before the request was made");
