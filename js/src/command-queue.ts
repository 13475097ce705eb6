import { refusedArguments, refusedCall } from "./caller-stack.js";
import { type CallOptions, type Shape, type Word, anyReply } from "./commands/call.js";
import { checkNames, ownCallOptions } from "./commands/call-options.js";
import { described } from "./commands/problem.js";
import { checkedWords } from "./commands/words.js";
import type { Driver } from "./driver.js";
import { ConfigurationError } from "./errors.js";
import { CommandSet } from "./generated/commands.js";
import { type Held, heldBytes, keepBytes } from "./held.js";

// What transactions and batches have in common: commands are queued as they are called, and sent by exec().

// The charge for queued commands. A separate object, because it outlives the queue.
interface Charge { readonly held: Held; bytes: number }

// Gives back the memory of a queue that was dropped without exec() or discard(). Some versions of workerd
// have no FinalizationRegistry: there the caller has to call one of the two, or close the client.
const dropped = typeof FinalizationRegistry === "undefined" ? undefined
  : new FinalizationRegistry<Charge>(({ held, bytes }) => held.letGo(bytes));

/** What a list of calls resolves to. */
export type Replies<Calls extends readonly unknown[]> = { -readonly [Place in keyof Calls]: Awaited<Calls[Place]> };

/** What a function that queues commands is given beside it. Each call says itself how it wants its reply (`as`), since
    its type depends on it. */
export type OptionsOfAll = Omit<CallOptions, "as">;

/** A queued command, and the promise that its call returned. */
export interface QueuedCommand {
  readonly words: Word[];
  readonly shape: Shape;
  readonly options: CallOptions | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Queues the commands that are called on it. */
export abstract class CommandQueue extends CommandSet {
  /** @internal */
  protected readonly driver: Driver;
  readonly #name: string;
  readonly #charge: Charge;
  #commands: QueuedCommand[] = [];
  #isOver = false;
  // Of the first call that was invalid. Code of the caller's may throw undefined.
  #problem: { readonly error: unknown } | undefined;

  /** @internal `name` is what messages call this. */
  constructor(driver: Driver, name: string) {
    super();
    this.driver = driver;
    this.#name = name;
    this.#charge = { held: driver.held, bytes: 0 };
    dropped?.register(this, this.#charge, this);
  }

  /** The number of commands that are queued. */
  get size(): number { return this.#commands.length; }

  /** Drops the queued commands and gives back their memory. Their promises reject with a
      ConfigurationError. */
  discard(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = new ConfigurationError("refused_command", `the ${this.#name} was discarded`);
    for (const each of this.#letGo()) each.reject(error);
  }

  /** Queues any command, given as its words. */
  command(words: readonly Word[], options?: CallOptions): Promise<unknown> {
    let own: Word[];
    try {
      own = checkedWords(words);
      checkNames(options);
    } catch (error) {
      return this.refuseWords(error);
    }
    return this.sendWords(own, anyReply, options);
  }

  /** @internal Throws for options of a call that a queued one cannot have. */
  protected abstract checkQueued(options: CallOptions): void;

  /** @internal */
  override sendWords(words: Word[], shape: Shape, given: CallOptions | undefined):
    Promise<unknown> {
    if (this.#isOver) return refusedCall(this.#over());
    if (this.#problem !== undefined) return this.refuseWords(this.#problem.error);
    const bytes = heldBytes(words);
    let options: CallOptions | undefined;
    try {
      options = given && ownCallOptions(given);
      if (this.#isOver) throw this.#over();  // an accessor of the caller's has ended it
      if (options !== undefined) this.checkQueued(options);
      this.#charge.held.hold(bytes);
    } catch (error) {
      return this.refuseWords(error);
    }
    this.#charge.bytes += bytes;
    const reply = new Promise((resolve, reject) => {
      this.#commands.push({ words: keepBytes(words), shape, options, resolve, reject });
    });
    reply.catch(() => {});  // no unhandled rejection if the caller awaits only exec()
    return reply;
  }

  /** @internal A call with an invalid argument: exec() rejects with its error, and sends nothing. */
  override refuseWords(error: unknown): Promise<never> {
    this.#problem ??= { error };
    const refused = refusedArguments(error);
    refused.catch(() => {});
    return refused;
  }

  /** @internal The queued commands, for exec(), which may be called once and must submit them at once: their
      memory is given back. If a call had an invalid argument, throws its error, and all promises reject. */
  protected takeAll(): readonly QueuedCommand[] {
    if (this.#isOver) throw this.#over();
    this.#isOver = true;
    const commands = this.#letGo();
    if (this.#problem === undefined) return commands;
    const { error } = this.#problem;
    for (const each of commands) each.reject(error);
    throw error;
  }

  #over(): ConfigurationError {
    return new ConfigurationError("refused_command",
      `the ${this.#name} is over: begin another one`);
  }

  #letGo(): readonly QueuedCommand[] {
    const commands = this.#commands;
    dropped?.unregister(this);
    this.#commands = [];
    const { held, bytes } = this.#charge;
    this.#charge.bytes = 0;
    held.letGo(bytes);
    return commands;
  }
}

/** @internal Executes what `fill` queues, and resolves to the replies to the calls that it returns. */
export const executed = async <Queue extends CommandQueue & { exec(options?: CallOptions): Promise<unknown> },
  Calls extends readonly unknown[]>(
  queue: Queue, fill: (queue: Queue) => Calls, options: CallOptions | undefined,
): Promise<Replies<Calls>> => {
  let calls: Calls;
  try {
    if (typeof fill !== "function") {
      throw new TypeError(`got ${described(fill)}; give a function that queues calls and returns them in a list`);
    }
    calls = fill(queue);
    if (!Array.isArray(calls)) {
      Promise.resolve(calls).catch(() => {});  // of an async function, which rejects once its calls are discarded
      throw new TypeError(`the function returned ${described(calls)}; return the calls that it has queued, in a ` +
        "list");
    }
  } catch (error) {
    queue.discard();
    throw error;
  }
  await queue.exec(options);
  return Promise.all(calls) as Promise<Replies<Calls>>;
};
