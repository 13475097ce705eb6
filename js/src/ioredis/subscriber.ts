import type { EventEmitter } from "node:events";
import type { Client, Subscription, SubscriptionKind } from "../index.js";

// Subscriptions as ioredis has them: messages are events of the Redis.

const eventOf: Record<SubscriptionKind, string> = {
  channels: "message", patterns: "pmessage", shardChannels: "smessage",
};

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
  subscribe(kind: SubscriptionKind, names: readonly string[]): Promise<number> {
    return this.#change(async () => {
      if (this.#subscription === undefined) await this.#open(kind, names);
      else await this.#subscription.subscribe(kind, names);
      for (const name of names) this.#names[kind].add(name);
    });
  }

  /** The same. Without names, ends all of this kind. */
  unsubscribe(kind: SubscriptionKind, names: readonly string[]): Promise<number> {
    return this.#change(async () => {
      const own = names.length === 0 ? [...this.#names[kind]] : names;
      for (const name of own) this.#names[kind].delete(name);
      if (this.#count() === 0) this.close();
      else await this.#subscription?.unsubscribe(kind, own);
    });
  }

  /** The client has ended, and another one has taken its place: subscribes there again. */
  reopen(): void {
    this.#subscription = undefined;
    const kinds = (Object.keys(this.#names) as SubscriptionKind[]).filter((kind) => this.#names[kind].size > 0);
    if (kinds.length === 0) return;
    this.#change(async () => {
      for (const kind of kinds) {
        const names = [...this.#names[kind]];
        if (this.#subscription === undefined) await this.#open(kind, names);
        else await (this.#subscription as Subscription<"bytes">).subscribe(kind, names);
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

  async #open(kind: SubscriptionKind, names: readonly string[]): Promise<void> {
    const client = await this.#connected();
    this.#subscription = await client.subscribe(names, { kind, as: "bytes" });
    this.#emitAll(this.#subscription).catch(() => {});  // the client has ended, and says so itself
  }

  async #emitAll(subscription: Subscription<"bytes">): Promise<void> {
    for await (const { channel, message, pattern } of subscription) {
      const kind = pattern !== undefined ? "patterns" : this.#kindOf(channel);
      const parts = [...pattern === undefined ? [] : [pattern], channel, message]
        .map((each) => Buffer.from(each.buffer, each.byteOffset, each.length));
      const event = eventOf[kind];
      const words = parts.map((each) => each.toString());
      if (this.#events.listenerCount(event) > 0) this.#emit(event, words);
      if (this.#events.listenerCount(`${event}Buffer`) === 0) continue;
      this.#emit(`${event}Buffer`, pattern === undefined ? parts : [words[0], ...parts.slice(1)]);
    }
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
    return shardChannels.size > 0 && shardChannels.has(Buffer.from(channel).toString())
      && !this.#names.channels.has(Buffer.from(channel).toString()) ? "shardChannels" : "channels";
  }
}
