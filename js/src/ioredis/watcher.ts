import type { Client, Exclusive, Word } from "../index.js";

// watch(): the keys of the next transaction, on a connection of its own.

interface Watching { readonly own: Exclusive; readonly release: () => void }

/** The connection that watches the keys of one Redis, while it watches any. */
export class Watcher {
  readonly #connected: () => Promise<Client>;
  #watching: Promise<Watching> | undefined;

  constructor(connected: () => Promise<Client>) { this.#connected = connected; }

  /** Watches keys until take() or unwatch(). */
  async watch(keys: readonly Word[]): Promise<void> {
    const watching = this.#watching ??= this.#begin();
    try {
      await (await watching).own.watch(keys);
    } catch (error) {
      // The connection is lost, or there is none: the next one to watch gets another.
      if (this.#watching === watching) await this.unwatch().catch(() => {});
      throw error;
    }
  }

  async #begin(): Promise<Watching> {
    const client = await this.#connected();
    return new Promise((resolve, reject) => {
      client.exclusive((own) => new Promise<void>((release) => resolve({ own, release }))).catch(reject);
    });
  }

  /** Watches no key any more. */
  async unwatch(): Promise<void> {
    const watching = this.take();
    if (watching !== undefined) (await watching).release();
  }

  /** The connection that watches, for a transaction, which has to release it; undefined if there is none. */
  take(): Promise<Watching> | undefined {
    const watching = this.#watching;
    this.#watching = undefined;
    return watching;
  }
}
