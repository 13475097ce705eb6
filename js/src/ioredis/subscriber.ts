import type { EventEmitter } from "node:events";
import type { Client, Message, Subscription, SubscriptionKind } from "../index.js";
import { immediate, startInterval, stopInterval } from "../own-timers.js";

// Subscriptions as ioredis has them: messages are events of the Redis.

const eventOf: Record<SubscriptionKind, string> = {
  channels: "message", patterns: "pmessage", shardChannels: "smessage",
};
const endOf: Record<SubscriptionKind, string> = {
  channels: "unsubscribe", patterns: "punsubscribe", shardChannels: "sunsubscribe",
};

// Names may be any bytes; a set compares them as texts with a character for each byte.
const keyOf = (name: string | Uint8Array): string => Buffer.from(name as string).toString("latin1");
const nameOf = (key: string): Buffer => Buffer.from(key, "latin1");

// How often it is asked whether the connection was lost, in milliseconds: the client has no event for that.
const lossCheckEvery = 100;

// So many messages come before other events of the process have their turn.
const messagesAtOnce = 64;

// How long the server may take to confirm the last UNSUBSCRIBE, in milliseconds.
const quitTimeout = 5000;

/** What a subscriber needs of its Redis. */
export interface SubscriberOwner {
  readonly events: EventEmitter & { readonly status: string };
  connected(): Promise<Client>;
  /** The wait before a lost connection is made anew, in milliseconds. */
  readonly reconnectWait: number | undefined;
}

/** The channels and patterns of one Redis, on a connection of their own. */
export class Subscriber {
  readonly #owner: SubscriberOwner;
  readonly #names: Record<SubscriptionKind, Set<string>> = {
    channels: new Set(), patterns: new Set(), shardChannels: new Set(),
  };
  #subscription: Subscription<"bytes"> | undefined;
  #changes: Promise<unknown> = Promise.resolve();
  #gaps = 0;
  // Settles when all messages of the subscription have been emitted.
  #emitted: Promise<void> = Promise.resolve();
  #lossCheck: ReturnType<typeof setInterval> | undefined;

  constructor(owner: SubscriberOwner) { this.#owner = owner; }

  /** Resolves to the number of names, as the server counts them: shard channels apart from the others. */
  subscribe(kind: SubscriptionKind, names: readonly (string | Uint8Array)[]): Promise<number> {
    const keys = names.map(keyOf);
    return this.#change(kind, async () => {
      if (this.#subscription === undefined) await this.#open(kind, keys);
      else await this.#subscription.subscribe(kind, keys.map(nameOf));
      for (const key of keys) this.#names[kind].add(key);
    });
  }

  /** The same. Without names, ends all of this kind. */
  unsubscribe(kind: SubscriptionKind, names: readonly (string | Uint8Array)[]): Promise<number> {
    const keys = names.map(keyOf);
    return this.#change(kind, async () => {
      const own = keys.length === 0 ? [...this.#names[kind]] : keys;
      for (const key of own) this.#names[kind].delete(key);
      const isLast = Object.values(this.#names).every(({ size }) => size === 0);
      try {
        // Also of the last one: behind it, PUBLISH counts this subscriber no more.
        if (own.length > 0) await this.#subscription?.unsubscribe(kind, own.map(nameOf));
      } catch (error) {
        if (!isLast) throw error;  // otherwise the connection has ended, as it is about to
      }
      if (isLast) this.close();
    });
  }

  /** The client has ended, and another one has taken its place: subscribes there again. */
  reopen(): void {
    this.close();
    const kinds = (Object.keys(this.#names) as SubscriptionKind[]).filter((kind) => this.#names[kind].size > 0);
    if (kinds.length === 0) return;
    this.#change("channels", async () => {
      for (const kind of kinds) {
        const keys = [...this.#names[kind]];
        if (this.#subscription === undefined) await this.#open(kind, keys);
        else await (this.#subscription as Subscription<"bytes">).subscribe(kind, keys.map(nameOf));
      }
    }).catch(() => {});  // the next client subscribes again
  }

  /** The same, but the names are forgotten. */
  forget(): void {
    this.close();
    for (const names of Object.values(this.#names)) names.clear();
  }

  /** Ends as ioredis's connection does after QUIT: what the server has sent before is emitted first. */
  async quit(): Promise<void> {
    await this.#changes;
    const subscription = this.#subscription;
    if (subscription === undefined) return;
    stopInterval(this.#lossCheck);
    try {
      for (const kind of Object.keys(this.#names) as SubscriptionKind[]) {
        const keys = [...this.#names[kind]];
        if (keys.length > 0) await subscription.unsubscribe(kind, keys.map(nameOf), { timeout: quitTimeout });
      }
      subscription.finish();
    } catch {
      subscription.close();  // the server does not answer, or the client has ended
    }
    await this.#emitted;
  }

  close(): void {
    stopInterval(this.#lossCheck);
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  // One after the other, since each may open the connection or end it.
  #change(kind: SubscriptionKind, act: () => Promise<void>): Promise<number> {
    const done = this.#changes.then(act).then(() => this.#count(kind));
    this.#changes = done.catch(() => {});
    return done;
  }

  #count(kind: SubscriptionKind): number {
    const { channels, patterns, shardChannels } = this.#names;
    return kind === "shardChannels" ? shardChannels.size : channels.size + patterns.size;
  }

  async #open(kind: SubscriptionKind, keys: readonly string[]): Promise<void> {
    const client = await this.#owner.connected();
    const subscription = await client.subscribe(keys.map(nameOf), { kind, as: "bytes" });
    this.#subscription = subscription;
    this.#gaps = 0;
    stopInterval(this.#lossCheck);
    this.#lossCheck = startInterval(() => this.#checkLoss(subscription), lossCheckEvery);
    this.#lossCheck.unref();
    this.#emitted = this.#emitAll(subscription).catch(() => {});  // the client has ended, and says so itself
  }

  #checkLoss(subscription: Subscription<"bytes">): void {
    if (this.#subscription !== subscription) return;
    let gaps: number;
    try {
      ({ gaps } = subscription.getStatistics());
    } catch {
      return stopInterval(this.#lossCheck);  // the client has ended, and says so itself
    }
    if (gaps === this.#gaps) return;
    this.#gaps = gaps;
    // If the other connection is lost as well, its events tell of both.
    if (this.#owner.events.status === "ready") this.#emitLoss(subscription);
  }

  #emitLoss(subscription: Subscription<"bytes">): void {
    this.#emit("close", []);
    this.#emit("reconnecting", [this.#owner.reconnectWait]);
    this.#change("channels", async () => {
      const kind = (Object.keys(this.#names) as SubscriptionKind[]).find((each) => this.#names[each].size > 0);
      if (kind === undefined || this.#subscription !== subscription) return;
      const [key] = this.#names[kind];
      await subscription.subscribe(kind, [nameOf(key!)]);  // confirmed behind all that are subscribed again
      this.#emit("ready", []);
    }).catch(() => {});  // the client has ended, and says so itself
  }

  async #emitAll(subscription: Subscription<"bytes">): Promise<void> {
    let count = 0;
    for await (const message of subscription) {
      if (message.gaps > 0) this.#checkLoss(subscription);
      if (message.lost > 0) this.#emit("lost", [message.lost]);
      this.#emitMessage(message);
      // Messages that wait come without a turn of the event loop in between.
      if (++count % messagesAtOnce === 0) await new Promise((resolve) => { immediate!(resolve); });
    }
  }

  #emitMessage({ kind, channel, message, pattern, ended }: Message<"bytes">): void {
    if (ended) return this.#end(kind, channel);
    const parts = [...pattern === undefined ? [] : [pattern], channel, message]
      .map((each) => Buffer.from(each.buffer, each.byteOffset, each.length));
    const event = eventOf[kind];
    const words = parts.map((each) => each.toString());
    const { events } = this.#owner;
    if (events.listenerCount(event) > 0) this.#emit(event, words);
    if (events.listenerCount(`${event}Buffer`) === 0) return;
    this.#emit(`${event}Buffer`, pattern === undefined ? parts : [words[0], ...parts.slice(1)]);
  }

  // The server has ended it by itself, and does not take it back.
  #end(kind: SubscriptionKind, name: Uint8Array): void {
    if (!this.#names[kind].delete(keyOf(name))) return;
    this.#emit(endOf[kind], [Buffer.from(name).toString(), this.#count(kind)]);
  }

  // What a listener throws is uncaught, as with any event; the next messages come all the same.
  #emit(event: string, words: readonly unknown[]): void {
    try {
      this.#owner.events.emit(event, ...words);
    } catch (error) {
      process.nextTick(() => { throw error; });
    }
  }
}
