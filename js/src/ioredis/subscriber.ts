import type { EventEmitter } from "node:events";
import type { Client, Subscription, SubscriptionKind } from "../index.js";

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

/** The channels and patterns of one Redis, on a connection of their own. */
export class Subscriber {
  readonly #events: EventEmitter;
  readonly #connected: () => Promise<Client>;
  readonly #names: Record<SubscriptionKind, Set<string>> = {
    channels: new Set(), patterns: new Set(), shardChannels: new Set(),
  };
  #subscription: Subscription<"bytes"> | undefined;
  #changes: Promise<unknown> = Promise.resolve();

  constructor(events: EventEmitter, connected: () => Promise<Client>) {
    this.#events = events;
    this.#connected = connected;
  }

  /** Resolves to the number of all names, as the server counts them. */
  subscribe(kind: SubscriptionKind, names: readonly (string | Uint8Array)[]): Promise<number> {
    const keys = names.map(keyOf);
    return this.#change(async () => {
      if (this.#subscription === undefined) await this.#open(kind, keys);
      else await this.#subscription.subscribe(kind, keys.map(nameOf));
      for (const key of keys) this.#names[kind].add(key);
    });
  }

  /** The same. Without names, ends all of this kind. */
  unsubscribe(kind: SubscriptionKind, names: readonly (string | Uint8Array)[]): Promise<number> {
    const keys = names.map(keyOf);
    return this.#change(async () => {
      const own = keys.length === 0 ? [...this.#names[kind]] : keys;
      for (const key of own) this.#names[kind].delete(key);
      if (this.#count() === 0) this.close();
      else await this.#subscription?.unsubscribe(kind, own.map(nameOf));
    });
  }

  /** The client has ended, and another one has taken its place: subscribes there again. */
  reopen(): void {
    this.#subscription = undefined;
    const kinds = (Object.keys(this.#names) as SubscriptionKind[]).filter((kind) => this.#names[kind].size > 0);
    if (kinds.length === 0) return;
    this.#change(async () => {
      for (const kind of kinds) {
        const keys = [...this.#names[kind]];
        if (this.#subscription === undefined) await this.#open(kind, keys);
        else await (this.#subscription as Subscription<"bytes">).subscribe(kind, keys.map(nameOf));
      }
    }).catch(() => {});  // the next client subscribes again
  }

  close(): void {
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  // One after the other, since each may open the connection or end it.
  #change(act: () => Promise<void>): Promise<number> {
    const done = this.#changes.then(act).then(() => this.#count());
    this.#changes = done.catch(() => {});
    return done;
  }

  #count(): number {
    return Object.values(this.#names).reduce((sum, { size }) => sum + size, 0);
  }

  async #open(kind: SubscriptionKind, keys: readonly string[]): Promise<void> {
    const client = await this.#connected();
    this.#subscription = await client.subscribe(keys.map(nameOf), { kind, as: "bytes" });
    this.#emitAll(this.#subscription).catch(() => {});  // the client has ended, and says so itself
  }

  async #emitAll(subscription: Subscription<"bytes">): Promise<void> {
    for await (const { channel, message, pattern, ended } of subscription) {
      const kind = pattern !== undefined ? "patterns" : this.#kindOf(channel);
      if (ended) {
        this.#end(kind, channel);
        continue;
      }
      const parts = [...pattern === undefined ? [] : [pattern], channel, message]
        .map((each) => Buffer.from(each.buffer, each.byteOffset, each.length));
      const event = eventOf[kind];
      const words = parts.map((each) => each.toString());
      if (this.#events.listenerCount(event) > 0) this.#emit(event, words);
      if (this.#events.listenerCount(`${event}Buffer`) === 0) continue;
      this.#emit(`${event}Buffer`, pattern === undefined ? parts : [words[0], ...parts.slice(1)]);
    }
  }

  // The server has ended it by itself, and does not take it back.
  #end(kind: SubscriptionKind, name: Uint8Array): void {
    if (!this.#names[kind].delete(keyOf(name))) return;
    this.#emit(endOf[kind], [Buffer.from(name).toString(), this.#count()]);
  }

  // What a listener throws is uncaught, as with any event; the next messages come all the same.
  #emit(event: string, words: readonly unknown[]): void {
    try {
      this.#events.emit(event, ...words);
    } catch (error) {
      process.nextTick(() => { throw error; });
    }
  }

  #kindOf(channel: Uint8Array): SubscriptionKind {
    const { shardChannels } = this.#names;
    if (shardChannels.size === 0) return "channels";
    const key = keyOf(channel);
    return shardChannels.has(key) && !this.#names.channels.has(key) ? "shardChannels" : "channels";
  }
}
