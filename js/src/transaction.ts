import { type CallOptions, type Raw, type Shape, type Word, anyReply } from "./commands/call.js";
import type { Driver } from "./driver.js";
import { ConfigurationError, ServerError } from "./errors.js";
import { type Held, heldBytes } from "./held.js";
import { CommandSet } from "./generated/commands.js";

// Commands that are done together: MULTI, all of them, EXEC, in one request.

// What a transaction has queued, apart from it: it may be gone.
interface Queued { readonly held: Held; bytes: number }

// Of a transaction that nobody has any more, and that was never executed. Some versions of workerd
// have none of these: there exec() or discard() has to be called, or the client closed.
const dropped = typeof FinalizationRegistry === "undefined" ? undefined
  : new FinalizationRegistry<Queued>(({ held, bytes }) => held.letGo(bytes));

// What a script says by itself does not tell whether it has written before.
const scripts = new Set(["EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"]);

const nameOf = (words: readonly Word[]): string => {
  const [name = ""] = words;
  return (typeof name === "string" ? name : new TextDecoder().decode(name)).toUpperCase();
};

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
  readonly #driver: Driver;
  readonly #queued: Queued;
  #commands: Word[][] = [];
  readonly #waiting: {
    resolve: (value: unknown) => void;
    reject: (error: unknown) => void;
    shape: Shape;
    options: CallOptions | undefined;
    isScript: boolean;
  }[] = [];
  #done = false;

  /** @internal */
  constructor(driver: Driver) {
    super();
    this.#driver = driver;
    this.#queued = { held: driver.held, bytes: 0 };
    dropped?.register(this, this.#queued, this);
  }

  #problem: unknown;

  /** How many commands are queued. */
  get size(): number { return this.#commands.length; }

  /** Forgets what is queued, and gives back its memory: each reply rejects. */
  discard(): void {
    if (this.#done) return;
    this.#done = true;
    this.#letGo();
    const error = new ConfigurationError("refused_command", "the transaction was discarded");
    for (const each of this.#waiting) each.reject(error);
  }

  /** Any command, its words one by one. */
  command(words: readonly Word[], options?: CallOptions): Promise<unknown> {
    return this.sendWords([...words], anyReply, options);
  }

  /** @internal */
  override sendWords(words: Word[], shape: Shape, options: CallOptions | undefined):
    Promise<unknown> {
    if (this.#done) return Promise.reject(new ConfigurationError("refused_command",
      "the transaction is over: begin another one"));
    if (this.#problem !== undefined) return this.refuseWords(this.#problem);
    const bytes = heldBytes(words);
    try {
      this.#queued.held.hold(bytes);
    } catch (error) {
      return this.refuseWords(error);
    }
    this.#queued.bytes += bytes;
    this.#commands.push(words);
    const isScript = scripts.has(nameOf(words));
    const reply = new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, shape, options, isScript });
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
    if (this.#commands.length === 0 && this.#problem === undefined) {
      this.#letGo();
      return [];
    }
    try {
      if (this.#problem !== undefined) throw this.#problem;
      const outcome = this.#driver.submitTransaction(this.#commands, { options });
      this.#letGo();  // the core has its copy, or refused it
      const replies = await outcome;
      return (replies as Raw[]).map((reply, index) => this.#settle(reply, index));
    } catch (error) {
      this.#letGo();
      for (const each of this.#waiting) each.reject(error);
      throw error;
    }
  }

  #letGo(): void {
    dropped?.unregister(this);
    this.#commands = [];
    const { held, bytes } = this.#queued;
    this.#queued.bytes = 0;
    held.letGo(bytes);
  }

  #settle(reply: Raw, index: number): unknown {
    const { resolve, reject, shape, options, isScript } = this.#waiting[index]!;
    if (reply instanceof ServerError) {
      const error = isScript && reply.executed === "no"
        ? new ServerError(reply.code, reply.message, "maybe", reply.serverText) : reply;
      reject(error);
      return error;
    }
    const value = shape === undefined ? reply : shape(reply, options?.as ?? "text");
    resolve(value);
    return value;
  }
}
