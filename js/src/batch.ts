import { type CallOptions, anyReply } from "./commands/call.js";
import { checkNames, ownCallOptions } from "./commands/call-options.js";
import { CommandQueue } from "./command-queue.js";
import type { Driver } from "./driver.js";

// Batches, which other clients call pipelines: commands that are sent together.

// An option that is undefined is one that was not given.
const optionsOf = (own: CallOptions | undefined, ofAll: CallOptions | undefined): CallOptions | undefined => {
  if (own === undefined || ofAll === undefined) return own ?? ofAll;
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return { ...ofAll, ...Object.fromEntries(given) };
};

/**
 * Queues the commands that are called on it; exec() sends them together and returns all replies in a list.
 * The server may execute commands of others in between: see Transaction for commands that must not be
 * divided. All calls of one turn of the event loop are sent together anyway; a batch has them begin when you
 * say so, and collects replies and errors.
 *
 *     const batch = client.batch();
 *     for (const [key, value] of pairs) batch.set(key, value);
 *     const replies = await batch.exec();
 *     const failed = replies.filter((reply) => reply instanceof Error);
 */
export class Batch extends CommandQueue {
  /** @internal */
  constructor(driver: Driver) { super(driver, "batch"); }

  /** @internal */
  protected override checkQueued(): void {}

  /**
   * Sends the queued commands, in their order. Resolves to the list of their replies; in place of a reply
   * that failed is its error. `options` are those of each command, unless its own say otherwise. Rejects, with
   * nothing sent, only if they or an argument of a call are invalid, if the requests pool had no room for what was
   * queued, or if the batch was executed before. Each call's own promise settles as well.
   */
  async exec(options?: CallOptions): Promise<unknown[]> {
    checkNames(options);
    options = options && ownCallOptions(options);
    return Promise.all(this.takeAll().map(({ words, shape, options: own, resolve, reject }) => {
      const reply = this.driver.submit(words,
        { shape, options: optionsOf(own, options), asMaps: shape === anyReply });
      reply.then(resolve, reject);
      return reply.catch((error: unknown) => error);
    }));
  }
}
