import { listenForAbort } from "./abort-listeners.js";
import { checkOptions, ownOptions, refuseOption } from "./check-options.js";
import { Client } from "./client.js";
import type { AbortSignalLike, As } from "./commands/call.js";
import { checkNames, ownCallOptions } from "./commands/call-options.js";
import { described } from "./commands/problem.js";
import type { StreamEntries, StreamEntry } from "./commands/replies.js";
import { ClosedError, ConfigurationError, PlimsollError } from "./errors.js";
import { clockNow } from "./own-timers.js";

// Reads entries of streams as one consumer of a group.

/** What a StreamReader reads. */
export interface StreamReaderOptions<A extends As = As> {
  readonly group: string;
  /** The name of this reader's consumer, for this reader alone: two readers with the same name take each
      other's entries. */
  readonly consumer: string;
  readonly streams: string | readonly string[];
  /** The most entries of each stream in one batch. Default: 100. */
  readonly count?: number | undefined;
  /** How long read() waits for entries, in milliseconds; then it returns a batch without any. Default: 0,
      until there are entries. */
  readonly wait?: number | undefined;
  /** True: the reader creates the group, and the stream, if they do not exist, also if they are deleted
      meanwhile. A group that is created again begins behind the last id that this reader returned. Default:
      false. */
  readonly createGroup?: boolean | undefined;
  /** Where a new group begins: "0" for all entries, "$" for only those to come, or behind an id. Default:
      "$". */
  readonly begin?: string | undefined;
  /** Takes over entries that any consumer of the group was given at least that long ago, in milliseconds, and
      has not acknowledged, because that consumer may be gone (XAUTOCLAIM). Give more than the longest time
      that a consumer needs for a batch; otherwise two consumers handle the same entries. Default: never. */
  readonly claimAfter?: number | undefined;
  /** How the values of fields are returned. */
  readonly as?: A | undefined;
}

/** The entries that one read() returns. */
export interface StreamBatch<A extends As = "text"> {
  /** "fresh": no consumer was given them before. "pending": this consumer was. "claimed": some consumer was,
      and did not acknowledge them. */
  readonly origin: "fresh" | "pending" | "claimed";
  /** Has no streams without entries. An entry that was deleted meanwhile has `fields` null: acknowledge it all
      the same. */
  readonly streams: readonly StreamPart<A>[];
}

/** The entries of one stream in a StreamBatch. */
export interface StreamPart<A extends As = "text"> {
  readonly stream: string;
  readonly entries: readonly StreamEntry<A>[];
}

// The longest that one XREADGROUP blocks. In between, the reader looks for entries to claim.
const waitAtATimeMax = 5000;

// How long a server that has not heard of a lost connection may still give entries to the XREADGROUP that blocks
// there: as long as that blocks, and a second for the call to arrive.
const lostCallTimeMax = waitAtATimeMax + 1000;

const troublesInARowMax = 10;

const losses: ReadonlySet<unknown> = new Set(["lost_unsent", "lost_in_doubt", "connection_lost"]);

/** How far one stream was read. */
interface Position {
  readonly name: string;
  /** The last id that was returned in order. */
  at: string;
  /** Whether `at` is an id of the stream. */
  isSeen: boolean;
  hasPending: boolean;
  /** Behind which id the next look at pending entries begins. */
  pendingFrom: string;
  /** What `at` was when a call that blocked was lost; undefined if none was. */
  atLoss: string | undefined;
  /** Where the next XAUTOCLAIM goes on. */
  claimFrom: string;
}

const readerKinds = {
  group: "text", consumer: "text", begin: "text", count: "count", wait: "time", claimAfter: "time",
  createGroup: "boolean",
} as const;

const readerOthers = ["streams", "as"] as const;

const checkedOptions = <A extends As>(given: StreamReaderOptions<A>): StreamReaderOptions<A> => {
  if (typeof given !== "object" || given === null) refuseOption("options", given, "an object");
  const options = ownOptions(given, [...Object.keys(readerKinds), ...readerOthers]);
  checkOptions(options, readerKinds, readerOthers);
  const { group, consumer, streams, count, as } = options;
  if (group === undefined || group === "") refuseOption("group", group, "the name of a group");
  if (consumer === undefined || consumer === "") refuseOption("consumer", consumer, "the name of a consumer");
  const names: readonly unknown[] = Array.isArray(streams) ? streams : [streams];
  if (names.length === 0 || !names.every((name) => typeof name === "string")) {
    refuseOption("streams", streams, "the name of a stream, or a list of them");
  }
  if (new Set(names).size < names.length) refuseOption("streams", streams, "the name of each stream once");
  if (count === 0) refuseOption("count", count, "a whole number from 1");
  ownCallOptions({ as });
  return options;
};

/**
 * Reads entries of streams as one consumer of a group. The server gives each entry to one consumer, and again
 * until it is acknowledged: each entry comes at least once. A new reader first returns the entries that its
 * consumer was given earlier and has not acknowledged, then new ones. It asks for the next batch only when
 * that is wanted. While it waits, it uses one of the client's blockingConnectionsMax connections.
 *
 *     const reader = new StreamReader(client, { group: "billing", consumer: "billing-1", streams: "orders" });
 *     for await (const { streams } of reader) {
 *       for (const part of streams) {
 *         for (const { id, fields } of part.entries) await bill(fields);
 *         await reader.ack(part);
 *       }
 *     }
 */
export class StreamReader<A extends As = "text"> implements AsyncIterable<StreamBatch<A>> {
  readonly #client: Client;
  readonly #options: StreamReaderOptions<A>;
  readonly #positions: readonly Position[];
  // Stops a read() that waits.
  readonly #end = new AbortController();
  #isReading = false;
  #lacksGroups = false;
  #claiming = 0;
  #claimAt = 0;
  // When to look once more for entries that a lost call was given.
  #lookAgainAt = Infinity;

  /** @throws ConfigurationError for invalid options. */
  constructor(client: Client, options: StreamReaderOptions<A>) {
    if (!(client instanceof Client)) {
      throw new ConfigurationError("invalid_option", `client: got ${described(client)}; give a Client`);
    }
    this.#client = client;
    this.#options = checkedOptions(options);
    const { streams } = this.#options;
    this.#positions = (typeof streams === "string" ? [streams] : streams).map((name) =>
      ({ name, at: "0-0", isSeen: false, hasPending: true, pendingFrom: "0-0", atLoss: undefined, claimFrom: "0-0" }));
  }

  /**
   * Waits for the next entries. Only one call may be under way at a time. To cancel it loses nothing: the next
   * call returns what the server had given out already. If the connection is lost, the reader waits for the
   * next one, and reads again what was given out on the lost one. Rejects with the server's error (NOGROUP,
   * WRONGTYPE...), with a LimitError if no connection is free, with the loss if the connection is lost ten
   * times in a row, with a ClosedError after close(), and otherwise as any command.
   */
  async read(options: { readonly signal?: AbortSignalLike | undefined } = {}): Promise<StreamBatch<A>> {
    checkNames(options);
    const { signal, ...others } = options;
    ownCallOptions({ signal });
    const [other] = Object.keys(others);
    if (other !== undefined) throw new TypeError(`options: got ${other}; give signal, since a read waits for entries`);
    this.#checkOpen();
    if (this.#isReading) {
      throw new PlimsollError("busy", "a read() is under way already: await it before the next one");
    }
    this.#isReading = true;
    try {
      return await this.#read(signal);
    } catch (error) {
      this.#checkOpen();
      throw error;
    } finally {
      this.#isReading = false;
    }
  }

  /** Acknowledges a part of a batch, or entries of a stream by their ids (XACK): the server does not give them
      out again. Resolves to how many of them were pending. */
  ack(part: StreamPart<As>): Promise<number>;
  ack(stream: string, ids: string | readonly string[]): Promise<number>;
  async ack(stream: string | StreamPart<As>, ids?: string | readonly string[]): Promise<number> {
    if (typeof stream === "string") return this.#acknowledge(stream, ids!);
    if (typeof stream !== "object" || stream === null || !Array.isArray(stream.entries)) {
      throw new TypeError(`ack: got ${described(stream)}; give a part of a batch, or a stream and ids`);
    }
    return this.#acknowledge(stream.stream, stream.entries.map(({ id }) => id as string));
  }

  /** Ends a loop over this reader, and a read() that waits. The client goes on. */
  close(): void { this.#end.abort(); }

  /** The batches, until close(), or until the client is closed. A loop may be left, and another one goes on
      where it was. */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamBatch<A>, void, undefined> {
    for (;;) {
      let batch: StreamBatch<A>;
      try {
        batch = await this.read();
      } catch (error) {
        if (error instanceof ClosedError && (this.#end.signal.aborted || this.#client.isClosing)) return;
        throw error;
      }
      if (batch.streams.length > 0) yield batch;
    }
  }

  /** `using reader = ...` */
  [Symbol.dispose](): void { this.close(); }

  async #acknowledge(stream: string, ids: string | readonly string[]): Promise<number> {
    return Array.isArray(ids) && ids.length === 0 ? 0 : this.#client.xack(stream, this.#options.group, ids);
  }

  #checkOpen(): void {
    if (this.#end.signal.aborted) throw new ClosedError("closed", "the reader was closed");
  }

  async #read(signal: AbortSignalLike | undefined): Promise<StreamBatch<A>> {
    const abort = new AbortController();
    const give = (): void => { abort.abort(signal?.aborted ? signal.reason : undefined); };
    if (signal?.aborted) give();
    const stopListening = signal === undefined ? undefined : listenForAbort(signal, give);
    this.#end.signal.addEventListener("abort", give);
    try {
      return await this.#batch(abort.signal);
    } finally {
      stopListening?.();
      this.#end.signal.removeEventListener("abort", give);
    }
  }

  async #batch(signal: AbortSignal): Promise<StreamBatch<A>> {
    const { wait = 0 } = this.#options;
    const until = wait > 0 ? clockNow() + wait : Infinity;
    for (let troubles = 0; ;) {
      try {
        const batch = await this.#step(until, signal);
        const isFresh = batch.origin === "fresh";
        if (isFresh) troubles = 0;  // a server that cuts each wait would be asked for ever otherwise
        const isOver = isFresh && clockNow() >= until;
        if (batch.streams.length > 0 || isOver) return batch;
      } catch (error) {
        if (++troubles >= troublesInARowMax) throw error;
        await this.#recover(error, signal);
      }
    }
  }

  async #step(until: number, signal: AbortSignal): Promise<StreamBatch<A>> {
    if (this.#lacksGroups) await this.#makeGroups(signal);
    if (clockNow() >= this.#lookAgainAt) this.#lookAgain();
    if (this.#positions.some(({ hasPending }) => hasPending)) return this.#readPending(signal);
    const { claimAfter } = this.#options;
    if (claimAfter !== undefined && clockNow() >= this.#claimAt) return this.#claim(claimAfter, signal);
    return this.#readFresh(until, signal);
  }

  async #readPending(signal: AbortSignal): Promise<StreamBatch<A>> {
    const asked = this.#positions.filter(({ hasPending }) => hasPending);
    const came = await this.#xreadgroup(asked, asked.map(({ pendingFrom }) => pendingFrom), undefined, signal);
    // A stream whose part of the reply is empty has no more of them.
    const last = new Map(came.filter(({ entries }) => entries.length > 0)
      .map(({ stream, entries }) => [stream, entries.at(-1)!.id]));
    for (const position of asked) {
      position.hasPending = last.has(position.name);
      position.pendingFrom = last.get(position.name) ?? position.pendingFrom;
    }
    return { origin: "pending", streams: this.#noted(came) };
  }

  async #readFresh(until: number, signal: AbortSignal): Promise<StreamBatch<A>> {
    const { claimAfter } = this.#options;
    const claims = claimAfter === undefined ? Infinity : betweenClaims(claimAfter);
    const now = clockNow();
    const block = Math.max(1, Math.ceil(Math.min(waitAtATimeMax, claims, until - now, this.#lookAgainAt - now)));
    const came = await this.#xreadgroup(this.#positions, this.#positions.map(() => ">"), block, signal);
    return { origin: "fresh", streams: this.#noted(came) };
  }

  async #claim(claimAfter: number, signal: AbortSignal): Promise<StreamBatch<A>> {
    const { group, consumer, count = 100, as } = this.#options;
    const position = this.#positions[this.#claiming]!;
    const { next, entries } = await this.#client.xautoclaim(position.name, group, consumer,
      Math.ceil(claimAfter), position.claimFrom, { count, as, signal });
    position.claimFrom = next;
    if (next === "0-0" && ++this.#claiming === this.#positions.length) {
      this.#claiming = 0;
      this.#claimAt = clockNow() + betweenClaims(claimAfter);
    }
    const { name: stream } = position;
    return { origin: "claimed", streams: entries.length > 0 ? [{ stream, entries }] as StreamPart<A>[] : [] };
  }

  async #xreadgroup(positions: readonly Position[], ids: readonly string[], block: number | undefined,
    signal: AbortSignal): Promise<StreamPart<A>[]> {
    const { group, consumer, count = 100, as } = this.#options;
    const pairs = positions.map(({ name }, at) => [name, ids[at]!] as const);
    const came = await this.#client.xreadgroup(group, consumer, pairs, { count, block, as, signal }) as
      StreamEntries<As>[] | null;
    const prefix = this.#client.keyPrefix;
    return (came ?? []).map(({ stream, entries }) => {
      const name = typeof stream === "string" ? stream : new TextDecoder().decode(stream);
      return { stream: name.slice(prefix.length), entries } as StreamPart<A>;
    });
  }

  // Notes how far the reply goes, and returns the streams that have entries.
  #noted(came: readonly StreamPart<A>[]): readonly StreamPart<A>[] {
    const parts = came.filter(({ entries }) => entries.length > 0);
    for (const { stream, entries } of parts) {
      const position = this.#positions.find(({ name }) => name === stream);
      if (position === undefined) continue;
      const { id } = entries.at(-1)!;
      if (!position.isSeen || isBehind(id, position.at)) position.at = id;
      position.isSeen = true;
    }
    return parts;
  }

  // Entries may have been given out in a reply that did not arrive, or could not be decoded.
  #lookForPending(): void {
    for (const position of this.#positions) {
      position.hasPending = true;
      if (isBehind(position.at, position.pendingFrom)) position.pendingFrom = position.at;
    }
  }

  // The server may give entries to a call that was lost even after this, in front of what it gives to later calls.
  #expectLost(): void {
    this.#lookAgainAt = clockNow() + lostCallTimeMax;
    for (const position of this.#positions) position.atLoss ??= position.at;
  }

  // What was returned since and is not acknowledged yet comes once more as well.
  #lookAgain(): void {
    this.#lookAgainAt = Infinity;
    for (const position of this.#positions) {
      position.hasPending = true;
      position.pendingFrom = position.atLoss ?? position.pendingFrom;
      position.atLoss = undefined;
    }
  }

  // Makes the next step possible after an error, or throws it.
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { code, executed, message } = error as Partial<PlimsollError>;
    if (this.#options.createGroup === true && message?.startsWith("NOGROUP ")) {
      this.#lacksGroups = true;
      return;
    }
    // The stream was deleted while this call waited. The next reply says what is missing.
    if (message?.startsWith("UNBLOCKED ")) return;
    const isLoss = losses.has(code);
    if (executed !== "no" || isLoss) this.#lookForPending();
    if (executed === "maybe" || isLoss) this.#expectLost();
    if (!isLoss) throw error;
    // Its reply proves that there is a connection again: it waits for that as long as the client lives.
    await this.#client.ping(undefined, { timeout: 0, signal }).catch((problem: unknown) => {
      if (!losses.has((problem as Partial<PlimsollError>).code)) throw problem;
    });
  }

  async #makeGroups(signal: AbortSignal): Promise<void> {
    const { group, begin = "$" } = this.#options;
    for (const { name, at, isSeen } of this.#positions) {
      try {
        // A group that was deleted is made again behind the last entry that was returned.
        await this.#client.xgroupCreate(name, group, isSeen ? at : begin, { mkstream: true, signal });
      } catch (error) {
        if (!(error as Error).message.startsWith("BUSYGROUP ")) throw error;
      }
    }
    this.#lacksGroups = false;
  }
}

// Whether an id of an entry is larger.
const isBehind = (id: string, other: string): boolean => {
  const [time, number] = id.split("-").map(BigInt) as [bigint, bigint];
  const [otherTime, otherNumber] = other.split("-").map(BigInt) as [bigint, bigint];
  return time > otherTime || time === otherTime && number > otherNumber;
};

const betweenClaims = (claimAfter: number): number => Math.max(1, claimAfter / 2);
