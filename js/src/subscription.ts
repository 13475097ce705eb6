import type { CallOptions, Raw, Word } from "./commands/call.js";
import { outboxAt } from "./core/abi.js";
import { timeoutOf } from "./core/ask.js";
import { stage } from "./core/encode.js";
import { readNumbers } from "./core/fields.js";
import type { Driver } from "./driver.js";
import type { Missed } from "./requests.js";
import { ClosedError, PlimsollError } from "./errors.js";

// Messages of one subscription, as an async iterator. They wait in the core, in a queue bounded by
// count and by the memory line; what becomes of more is `subscriptionOverflow`. Names are
// subscribed anew when the connection was lost; what is missing then is told with the next message.

/** What is subscribed to: exact channels, patterns, or channels of a shard. */
export type SubscriptionKind = "channels" | "patterns" | "shardChannels";

const kinds: readonly SubscriptionKind[] = ["channels", "patterns", "shardChannels"];

/** One message. */
export interface Message<T = string> {
  /** Where it was published. */
  readonly channel: T;
  /** What was. */
  readonly message: T;
  /** That it came by, where it did. */
  readonly pattern: T | undefined;
  /** Messages dropped before this one, since nobody took them in time. */
  readonly lost: number;
  /** Connections lost before this one, each with nobody knows how many messages. */
  readonly gaps: number;
}

/** What a subscription has done, and what waits. */
export interface SubscriptionStatistics {
  /** That are subscribed to. */
  readonly names: number;
  /** Messages that wait to be taken, and their bytes. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** Whether the connection is not read now, since there is no room: "pause-reading". */
  readonly paused: boolean;
  /** Messages that came. */
  readonly received: number;
  /** Those of them that were dropped. */
  readonly lost: number;
  /** Connections that were lost. */
  readonly gaps: number;
  /** Names that the server did not take when they were subscribed anew. */
  readonly refused: number;
}

const statisticsNames = [
  "names", "queued", "queuedBytes", "paused", "received", "lost", "gaps", "refused",
] as const;

// What is taken from the core at a time, and is then outside of the line.
const messagesAtOnce = 64;

type Text = string | Uint8Array;

/** A subscription on a connection of its own. Iterate over it; close() or `break` ends it. */
export class Subscription<T extends Text = string> implements AsyncIterableIterator<Message<T>> {
  readonly #driver: Driver;
  readonly #connection: number;
  readonly #asBytes: boolean;
  // An error stands for a message that cannot be told.
  #taken: (Message<T> | Error)[] = [];
  // Of messages that could not be told: told with the next one.
  #missed: Missed = { lost: 0, gaps: 0 };
  #next: Promise<unknown> | undefined;
  #closed = false;

  /** @internal */
  constructor(driver: Driver, connection: number, asBytes: boolean) {
    this.#driver = driver;
    this.#connection = connection;
    this.#asBytes = asBytes;
  }

  /** Adds names; resolves when the server has confirmed all of them. */
  subscribe(kind: SubscriptionKind, names: Text | readonly Text[], options?: CallOptions):
    Promise<void> {
    return this.#change(kind, names, options, "plimsoll_subscribe");
  }

  /** Takes names away. An empty list takes none away, and resolves at once: one that was computed, and
      happens to be empty, must not end all. close() does that. */
  unsubscribe(kind: SubscriptionKind, names: Text | readonly Text[], options?: CallOptions):
    Promise<void> {
    return this.#change(kind, names, options, "plimsoll_unsubscribe");
  }

  async #change(kind: SubscriptionKind, names: Text | readonly Text[],
    options: CallOptions | undefined,
    call: "plimsoll_subscribe" | "plimsoll_unsubscribe"): Promise<void> {
    const index = kinds.indexOf(kind);
    if (index < 0) {
      throw new TypeError(`subscribe: ${String(kind)} is not one of ${kinds.join(", ")}`);
    }
    this.#check();
    if (call === "plimsoll_unsubscribe" && names.length === 0 && Array.isArray(names)) return;
    const words: Word[] = typeof names === "string" || names instanceof Uint8Array
      ? [names] : [...names];
    const { core, id } = this.#driver;
    // What the server confirms are names, which need be no text.
    const wanted = { options: { ...options, as: "bytes" as const }, shape: () => undefined };
    await this.#driver.submitBy(wanted, (tag, now) => {
      const timeout = timeoutOf(options);
      stage(core, words);
      return core.calls[call](id, this.#connection, index, words.length, tag, timeout, now);
    });
  }

  /** The next message; `done` once the subscription is closed. One call at a time. A DecodeError:
      that one message is no text, and the next call has the one behind it. */
  async next(): Promise<IteratorResult<Message<T>, undefined>> {
    const ready = this.#taken.shift();
    if (ready instanceof Error) throw ready;
    if (ready !== undefined) return { done: false, value: ready };
    if (this.#closed) return { done: true, value: undefined };
    if (this.#next !== undefined) {
      throw new PlimsollError("busy", "next() is under way already: await it before the next one");
    }
    try {
      this.#next = this.#take();
      await this.#next;
    } catch (error) {
      if (this.#closed || error instanceof ClosedError && this.#driver.end?.code === "closed") {
        return { done: true, value: undefined };
      }
      throw error;
    } finally {
      this.#next = undefined;
    }
    return this.next();
  }

  #take(): Promise<unknown> {
    const { core, id } = this.#driver;
    const wanted = {
      options: { as: this.#asBytes ? "bytes" as const : "text" as const },
      part: (value: Raw, missed: Missed) => { this.#keep(value, missed); },
    };
    return this.#driver.submitBy(wanted, (tag, now) => core.calls.plimsoll_next_messages(
      id, this.#connection, messagesAtOnce, tag, 0, now));
  }

  #keep(value: Raw, { lost, gaps }: Missed): void {
    this.#missed = { lost: this.#missed.lost + lost, gaps: this.#missed.gaps + gaps };
    if (value instanceof Error) {
      this.#taken.push(value);
      return;
    }
    this.#taken.push(messageOf<T>(value, this.#missed));
    this.#missed = { lost: 0, gaps: 0 };
  }

  /** Ends the subscription; messages that wait are gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#taken = [];
    const { core, id, end } = this.#driver;
    if (end !== undefined) return;
    core.ask(() => core.calls.plimsoll_close_subscription(id, this.#connection, core.now()));
    this.#driver.schedule();
  }

  /** What `break` out of a loop calls. */
  async return(): Promise<IteratorResult<Message<T>, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  /** What it has done, and what waits. */
  getStatistics(): SubscriptionStatistics {
    this.#check();
    const { core, id } = this.#driver;
    core.ask(() => core.calls.plimsoll_subscription_statistics(id, this.#connection));
    const numbers = readNumbers(core, core.outbox + outboxAt.statistics, statisticsNames);
    return { ...numbers, paused: numbers.paused === 1 };
  }

  #check(): void {
    if (this.#driver.end !== undefined) throw this.#driver.end;
    if (this.#closed) throw new ClosedError("closed", "the subscription was closed");
  }

  /** `for await (const { message } of subscription)` */
  [Symbol.asyncIterator](): this { return this; }

  /** `await using subscription = ...` */
  async [Symbol.asyncDispose](): Promise<void> { this.close(); }
}

// [message, channel, text], [pmessage, pattern, channel, text], [smessage, channel, text].
const messageOf = <T extends Text>(value: Raw, { lost, gaps }: Missed): Message<T> => {
  const parts = value as unknown as T[];
  const hasPattern = parts.length === 4;
  return {
    channel: parts[hasPattern ? 2 : 1]!,
    message: parts[hasPattern ? 3 : 2]!,
    pattern: hasPattern ? parts[1]! : undefined,
    lost,
    gaps,
  };
};

/** @internal Opens a subscription's connection. */
export const openSubscription = <T extends Text>(driver: Driver, asBytes: boolean):
  Subscription<T> => {
  const { core, id } = driver;
  const connection = core.ask(() => core.calls.plimsoll_open_subscription(id, core.now()));
  driver.schedule();
  return new Subscription<T>(driver, connection, asBytes);
};
