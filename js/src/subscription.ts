import type { As, CallOptions, Key, Raw } from "./commands/call.js";
import { checkNames } from "./commands/call-options.js";
import { type Wish, asWished, nameOf, wishOf } from "./commands/decoders.js";
import { described } from "./commands/problem.js";
import type { Name, Text } from "./commands/replies.js";
import { checkedNames } from "./commands/words.js";
import { outboxAt } from "./core/abi.js";
import { stage } from "./core/encode.js";
import { readNumbers } from "./core/fields.js";
import type { Driver } from "./driver.js";
import type { Missed } from "./core/records.js";
import { ClosedError, ConnectionError, PlimsollError } from "./errors.js";

// The messages of one subscription, as an async iterator. They wait in the core, in a queue that is bounded
// by count and by the memory limit; the option subscriptionOverflow says what happens beyond. When the
// connection is lost, the client subscribes again, and the next message says that some may be missing.

/** What the names of a subscription are: exact channels, patterns, or channels of a shard. */
export type SubscriptionKind = "channels" | "patterns" | "shardChannels";

const kinds: readonly SubscriptionKind[] = ["channels", "patterns", "shardChannels"];

/** One message. `A` says how strings are returned. */
export interface Message<A extends As = "text"> {
  /** What it came by: a name may be subscribed to as a channel and as a shard channel. */
  readonly kind: SubscriptionKind;
  /** The channel that the message was published to. */
  readonly channel: Name<A>;
  /** What was published. */
  readonly message: Text<A>;
  /** The pattern that matched the channel, for a subscription to patterns. */
  readonly pattern: Name<A> | undefined;
  /** True if this is no message: the server has ended the subscription to `channel` (or to the pattern, which
      `channel` repeats), and has refused to restore it. A cluster does so when the slot of a shard channel has
      moved to another shard. `message` is empty then: "", or no bytes. The subscription has forgotten the name. */
  readonly ended: boolean;
  /** The number of messages dropped before this one because they were not taken in time. */
  readonly lost: number;
  /** The number of connections lost before this message, and how often names were subscribed again that the
      server had ended; each time, any number of messages may be missing. */
  readonly gaps: number;
}

/** What a subscription has received, and what waits to be taken. */
export interface SubscriptionStatistics {
  /** The number of names that are subscribed to. */
  readonly names: number;
  /** Messages that wait to be taken, and their bytes. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** Whether the connection is not being read now, because there is no room ("pause-reading"). */
  readonly paused: boolean;
  /** Messages that were received. */
  readonly received: number;
  /** Messages of these that were dropped. */
  readonly lost: number;
  /** Connections that were lost, and times that names were subscribed again which the server had ended. */
  readonly gaps: number;
  /** Names that the server refused when the client subscribed again: each is told by a message with `ended`. */
  readonly refused: number;
}

const statisticsNames = [
  "names", "queued", "queuedBytes", "paused", "received", "lost", "gaps", "refused",
] as const;

// The most messages that are taken from the core at a time. These no longer count in the memory limit.
const messagesAtOnce = 64;

type Names = Key | readonly Key[];

/** A subscription, on a connection of its own. Iterate over its messages; close(), or `break` out of the
    loop, ends it. Made by Client.subscribe(). */
export class Subscription<A extends As = "text"> implements AsyncIterableIterator<Message<A>> {
  readonly #driver: Driver;
  readonly #connection: number;
  readonly #wish: Wish;
  // Made a message when it is asked for, because a decoder is code of the caller's. An error stands for one that is not
  // UTF-8.
  #taken: { readonly value: Raw; readonly missed: Missed }[] = [];
  // What was missing before messages that could not be decoded: the next message has it.
  #missed: Missed = { lost: 0, gaps: 0 };
  #next: Promise<unknown> | undefined;
  #closed = false;
  #isFinishing = false;

  /** @internal */
  constructor(driver: Driver, connection: number, as: As | undefined) {
    this.#driver = driver;
    this.#connection = connection;
    this.#wish = wishOf(as);
  }

  /** Subscribes to further names. Resolves when the server has confirmed all of them. Rejects with a
      TypeError for an unknown kind, and with a ClosedError once the subscription is closed. */
  subscribe(kind: SubscriptionKind, names: Names, options?: CallOptions):
    Promise<void> {
    return this.#change(kind, names, options, "plimsoll_subscribe");
  }

  /** Unsubscribes from names. An empty list changes nothing, and resolves at once: a list that was computed
      and happens to be empty must not end all subscriptions. close() does that. */
  unsubscribe(kind: SubscriptionKind, names: Names, options?: CallOptions):
    Promise<void> {
    return this.#change(kind, names, options, "plimsoll_unsubscribe");
  }

  async #change(kind: SubscriptionKind, names: Names,
    options: CallOptions | undefined,
    call: "plimsoll_subscribe" | "plimsoll_unsubscribe"): Promise<void> {
    const index = kinds.indexOf(kind);
    if (index < 0) {
      throw new TypeError(`subscribe: ${described(kind)} is not one of ${kinds.join(", ")}`);
    }
    this.#check();
    if (call === "plimsoll_unsubscribe" && names.length === 0 && Array.isArray(names)) return;
    checkNames(options, ["kind"]);
    const { core, id, changes } = this.#driver;
    const words = changes.subscribed(
      checkedNames(call === "plimsoll_subscribe" ? "subscribe" : "unsubscribe", names), kind === "patterns");
    // The server's confirmations contain the names, which need not be UTF-8.
    const wanted = { options: { ...options, as: "bytes" as const }, shape: () => undefined };
    await this.#driver.submitBy(wanted, (tag, now, timeout) => {
      stage(core, words);
      return core.calls[call](id, this.#connection, index, words.length, tag, timeout, now);
    });
  }

  /** Resolves to the next message, or with `done` once the subscription or the client is closed. Call it
      again only after it has settled. Rejects with a DecodeError if the message is not UTF-8; the next call
      has the message behind it. Rejects with the client's error if the client has ended otherwise. */
  async next(): Promise<IteratorResult<Message<A>, undefined>> {
    const ready = this.#taken.shift();
    if (ready !== undefined) return { done: false, value: this.#made(ready.value, ready.missed) };
    this.#closeIfFinished();
    if (this.#closed || this.#driver.isClosing) return { done: true, value: undefined };
    if (this.#next !== undefined) {
      throw new PlimsollError("busy", "next() is under way already: await it before the next one");
    }
    try {
      this.#next = this.#take();
      await this.#next;
    } catch (error) {
      if (this.#closed || error instanceof ClosedError && this.#driver.isClosing) {
        return { done: true, value: undefined };
      }
      if (!(error instanceof ClosedError)) throw error;
      // A client that gives up closes its calls: what it gave up for is the error to tell. The subscription's connection
      // may have ended before the client's: then the text alone says why.
      throw this.#driver.end ?? new ConnectionError("connection_lost", error.message, error.executed);
    } finally {
      this.#next = undefined;
    }
    return this.next();
  }

  #take(): Promise<unknown> {
    const { core, id } = this.#driver;
    const wanted = {
      options: { as: this.#wish.form === "text" ? "text" as const : "bytes" as const },
      part: (value: Raw, missed: Missed) => { this.#taken.push({ value, missed }); },
    };
    return this.#driver.submitBy(wanted, (tag, now) => core.calls.plimsoll_next_messages(
      id, this.#connection, messagesAtOnce, tag, 0, now));
  }

  #made(value: Raw, { lost, gaps }: Missed): Message<A> {
    this.#missed = { lost: this.#missed.lost + lost, gaps: this.#missed.gaps + gaps };
    if (value instanceof Error) throw value;
    const message = messageOf<A>(value, this.#missed, this.#wish);
    this.#missed = { lost: 0, gaps: 0 };
    return message;
  }

  /** @internal To be called when no name is subscribed any more. The iteration ends after the messages that wait,
      which close() would drop. */
  finish(): void {
    this.#isFinishing = true;
    this.#closeIfFinished();
  }

  #closeIfFinished(): void {
    if (!this.#isFinishing || this.#closed || this.#driver.end !== undefined || this.#taken.length > 0) return;
    if (this.getStatistics().queued === 0) this.close();
  }

  /** Ends the subscription and drops the messages that wait. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#taken = [];
    const { core, id, end } = this.#driver;
    if (end !== undefined) return;
    core.ask(() => core.calls.plimsoll_close_subscription(id, this.#connection, core.now()));
    this.#driver.schedule();
  }

  /** Closes the subscription; `break` out of a `for await` loop calls this. */
  async return(): Promise<IteratorResult<Message<A>, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  /** What the subscription has received, and what waits. Throws a ClosedError once it is closed. */
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

// By the first letter of a push's word, which is text or bytes.
const kindOf = (word: Raw | undefined): SubscriptionKind => {
  switch ((word as string | Uint8Array)[0]) {
    case "p": case 112: return "patterns";
    case "s": case 115: return "shardChannels";
    default: return "channels";
  }
};

// A push is [message, channel, text], [pmessage, pattern, channel, text] or [smessage, channel, text]; or
// [unsubscribe, channel, 0], [punsubscribe, pattern, 0] or [sunsubscribe, channel, 0].
const messageOf = <A extends As>(value: Raw, { lost, gaps }: Missed, wish: Wish): Message<A> => {
  const parts = value as Raw[];
  const name = (at: number) => nameOf(parts[at], wish.form) as Name<A>;
  const kind = kindOf(parts[0]);
  const text = parts.at(-1)!;
  const ended = typeof text === "number";
  const none = wish.form === "bytes" ? new Uint8Array() : "";
  return {
    kind,
    channel: name(parts.length - 2),
    message: (ended ? none : asWished(text, undefined, wish)) as Text<A>,
    pattern: kind === "patterns" ? name(1) : undefined,
    ended,
    lost,
    gaps,
  };
};

/** @internal Opens a subscription's connection. */
export const openSubscription = <A extends As>(driver: Driver, as: A | undefined): Subscription<A> => {
  const { core, id } = driver;
  const connection = core.ask(() => core.calls.plimsoll_open_subscription(id, core.now()));
  driver.schedule();
  return new Subscription<A>(driver, connection, as);
};
