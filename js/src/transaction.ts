import { type CallOptions, type Raw, type Shape, type Word, anyReply } from "./commands/call.js";
import type { Wanted } from "./requests.js";
import { ConfigurationError, ServerError } from "./errors.js";
import { CommandSet } from "./generated/commands.js";

// Commands that are done together: MULTI, all of them, EXEC, in one request.

type Execute = (commands: readonly (readonly Word[])[], wanted: Wanted) => Promise<unknown>;

/**
 * Queues the commands that are called on it, and has the server do all of them or none. Each call
 * returns a promise of its own reply, which settles with exec():
 *
 *     const both = client.transaction();
 *     const count = both.incr("visits");
 *     both.expire("visits", 60);
 *     await both.exec();
 *     console.log(await count);
 */
export class Transaction extends CommandSet {
  readonly #execute: Execute;
  readonly #commands: Word[][] = [];
  readonly #waiting: {
    resolve: (value: unknown) => void;
    reject: (error: unknown) => void;
    shape: Shape;
    options: CallOptions | undefined;
  }[] = [];
  #done = false;

  /** @internal */
  constructor(execute: Execute) {
    super();
    this.#execute = execute;
  }

  #problem: unknown;

  /** How many commands are queued. */
  get size(): number { return this.#commands.length; }

  /** Any command, its words one by one. */
  command(words: readonly Word[], options?: CallOptions): Promise<unknown> {
    return this.sendWords([...words], anyReply, options);
  }

  /** @internal */
  override sendWords(words: Word[], shape: Shape, options: CallOptions | undefined):
    Promise<unknown> {
    if (this.#done) return Promise.reject(new ConfigurationError("refused_command",
      "the transaction is over: begin another one"));
    this.#commands.push(words);
    const reply = new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, shape, options });
    });
    reply.catch(() => {});  // whoever wants to know awaits it; exec() tells all others
    return reply;
  }

  /** @internal A call whose arguments are not allowed: exec() says so, and nothing is done. */
  override refuseWords(error: unknown): Promise<never> {
    this.#problem ??= error;
    const refused = Promise.reject(error);
    refused.catch(() => {});
    return refused;
  }

  /**
   * Has the server do them. Resolves to all replies, in order; those that are errors are among them
   * as ServerError. Rejects where nothing was done, or nobody knows.
   */
  async exec(options?: CallOptions): Promise<unknown[]> {
    if (this.#done) {
      throw new ConfigurationError("refused_command",
        "the transaction is over: begin another one");
    }
    this.#done = true;
    if (this.#commands.length === 0 && this.#problem === undefined) return [];
    try {
      if (this.#problem !== undefined) throw this.#problem;
      const replies = await this.#execute(this.#commands, { options });
      return (replies as Raw[]).map((reply, index) => this.#settle(reply, index));
    } catch (error) {
      for (const each of this.#waiting) each.reject(error);
      throw error;
    }
  }

  #settle(reply: Raw, index: number): unknown {
    const { resolve, reject, shape, options } = this.#waiting[index]!;
    if (reply instanceof ServerError) {
      reject(reply);
      return reply;
    }
    const value = shape === undefined ? reply : shape(reply, options?.as ?? "text");
    resolve(value);
    return value;
  }
}
