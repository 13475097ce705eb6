import type { AnyReply, CallOptions, Key, Value, Word } from "./commands/call.js";
import { described } from "./commands/problem.js";
import { text } from "./commands/put.js";
import { checkedNames } from "./commands/words.js";
import { PlimsollError } from "./errors.js";
import { keepBytes } from "./held.js";

// Lua scripts and functions that run on the server, with typed replies.

/** What a script or function can be run on: a Client, or the connection of Client.exclusive(). */
export interface Runner {
  /** Sends any command, given as its words. */
  command(words: readonly Word[], options?: CallOptions): Promise<AnyReply>;
}

interface Common<T> {
  /** How many keys a run has. Default: any number. */
  readonly keys?: number | undefined;
  /** Whether it writes nothing: the server then refuses writes, and replicas run it, too. */
  readonly readOnly?: boolean | undefined;
  /** Makes the result of a run from the reply. Default: the reply as it is. */
  readonly decode?: ((reply: AnyReply) => T) | undefined;
}

/** Options of defineScript(). */
export interface ScriptOptions<T> extends Common<T> {
  /** The script's text. */
  readonly lua: string;
}

/** Options of defineFunction(). */
export interface FunctionOptions<T> extends Common<T> {
  /** The function's name. */
  readonly name: string;
  /** The text of its library, which is loaded where the function is missing, and replaces a library of its
      name. Default: the function must be there. */
  readonly library?: string | undefined;
}

/** A script or function on the server, whatever client it is run on. */
export interface Runnable<T> {
  /**
   * Runs it. `keys` must have all keys that it uses. Rejects as any command; an error that it raises is a
   * ServerError in its words, and one that `decode` throws is passed on.
   */
  run(where: Runner, keys?: Key | readonly Key[], args?: Value | readonly Value[],
    options?: CallOptions): Promise<T>;
}

const checkText = (what: string, text: unknown): void => {
  if (typeof text === "string" && text !== "") return;
  throw new TypeError(`${what}: got ${described(text)}; give its text`);
};

const checkCommon = (known: readonly string[], options: Common<unknown>): void => {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options: got ${described(options)}; give ${known.join(", ")}`);
  }
  for (const name in options) {
    if (!known.includes(name)) throw new TypeError(`options: got ${name}; give ${known.join(", ")}`);
  }
  const { keys, decode } = options;
  if (keys !== undefined && !(Number.isInteger(keys) && keys >= 0)) {
    throw new TypeError(`keys: got ${described(keys)}; give how many keys a run has`);
  }
  if (decode !== undefined && typeof decode !== "function") {
    throw new TypeError(`decode: got ${described(decode)}; give a function of the reply`);
  }
};

/** The words behind the script or function: the number of keys, keys and arguments. */
const operandsOf = (expected: number | undefined, keys: Key | readonly Key[],
  args: Value | readonly Value[]): Word[] => {
  const own = Array.isArray(keys) && keys.length === 0 ? [] : checkedNames("keys", keys);
  if (expected !== undefined && own.length !== expected) {
    throw new TypeError(`keys: got ${own.length}; give ${expected}`);
  }
  const values = Array.isArray(args) ? args : [args];
  // They may be sent later, and a second time.
  return keepBytes([String(own.length), ...own, ...values.map((value) => text("args", value))]);
};

const has = (error: unknown, words: string): boolean =>
  error instanceof PlimsollError && error.message.startsWith(words);

const sha1Of = async (text: string): Promise<string | undefined> => {
  // Pages that were not loaded by https have no crypto.subtle.
  const subtle = (globalThis.crypto as Partial<typeof globalThis.crypto> | undefined)?.subtle;
  if (subtle === undefined) return undefined;
  const digest = new Uint8Array(await subtle.digest("SHA-1", new TextEncoder().encode(text)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

/** A script, with its text and its SHA-1. */
class Script<T> implements Runnable<T> {
  readonly #options: ScriptOptions<T>;
  #sha: string | Promise<string | undefined> | undefined;

  constructor(options: ScriptOptions<T>) {
    checkCommon(["lua", "keys", "readOnly", "decode"], options);
    checkText("lua", options.lua);
    this.#options = { ...options };
  }

  async run(where: Runner, keys: Key | readonly Key[] = [], args: Value | readonly Value[] = [],
    options?: CallOptions): Promise<T> {
    const { lua, readOnly, keys: expected, decode } = this.#options;
    const operands = operandsOf(expected, keys, args);
    const suffix = readOnly === true ? "_RO" : "";
    const runText = () => where.command([`EVAL${suffix}`, lua, ...operands], options);
    const reply = await this.#byName(
      (sha) => where.command([`EVALSHA${suffix}`, sha, ...operands], options), runText);
    return decode === undefined ? reply as T : decode(reply);
  }

  // The server has the script from the first time on, until it is started anew or told to forget it.
  async #byName(run: (sha: string) => Promise<AnyReply>, runText: () => Promise<AnyReply>):
    Promise<AnyReply> {
    this.#sha ??= sha1Of(this.#options.lua);
    if (typeof this.#sha === "object") this.#sha = await this.#sha;
    if (this.#sha === undefined) return runText();
    try {
      return await run(this.#sha);
    } catch (error) {
      // The whole sentence: a script may raise an error that begins with NOSCRIPT, and must not run twice.
      if (!has(error, "NOSCRIPT No matching script")) throw error;
      return runText();
    }
  }
}

/** A function of a library. */
class LibraryFunction<T> implements Runnable<T> {
  readonly #options: FunctionOptions<T>;

  constructor(options: FunctionOptions<T>) {
    checkCommon(["name", "library", "keys", "readOnly", "decode"], options);
    checkText("name", options.name);
    if (options.library !== undefined) checkText("library", options.library);
    this.#options = { ...options };
  }

  async run(where: Runner, keys: Key | readonly Key[] = [], args: Value | readonly Value[] = [],
    options?: CallOptions): Promise<T> {
    const { name, library, readOnly, keys: expected, decode } = this.#options;
    const command = readOnly === true ? "FCALL_RO" : "FCALL";
    const words = [command, name, ...operandsOf(expected, keys, args)];
    const reply = await where.command(words, options).catch(async (error: unknown) => {
      if (library === undefined || !has(error, "ERR Function not found")) throw error;
      await where.command(["FUNCTION", "LOAD", "REPLACE", library], options);
      return where.command(words, options);
    });
    return decode === undefined ? reply as T : decode(reply);
  }
}

/**
 * Defines a Lua script. A run sends its SHA-1; if the server does not have the script, the run sends the
 * text once, and the server keeps it.
 *
 *     const take = defineScript({
 *       lua: "return redis.call('DECRBY', KEYS[1], ARGV[1])",
 *       keys: 1,
 *       decode: Number,
 *     });
 *     const left = await take.run(client, "stock:7", 2);
 */
export const defineScript = <T = AnyReply>(options: ScriptOptions<T>): Runnable<T> =>
  new Script(options);

/**
 * Defines a function of a library on the server. With `library`, a run loads the library where the function
 * is missing.
 *
 *     const take = defineFunction({ name: "take", library: readFileSync("stock.lua", "utf8"), keys: 1 });
 *     await take.run(client, "stock:7", 2);
 */
export const defineFunction = <T = AnyReply>(options: FunctionOptions<T>): Runnable<T> =>
  new LibraryFunction(options);
