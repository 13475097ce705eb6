import { CoreError, PlimsollError, errorOf, limitError, messageOf,
  wordsOf } from "../errors.js";
import { clockNow } from "../own-timers.js";
import { abiVersion, errorNames, executedNames, outboxAt } from "./abi.js";
import type { Calls } from "./calls.js";
import { loadModule } from "#core";

// One instance of the WebAssembly module: its calls and its memory. A process or isolate has one instance,
// and so one memory limit. If the instance has failed, the next client gets a new one.

/** Methods of Buffer that Node, Deno and Bun have and do not document: the fastest ways between bytes and
    text there. */
type FastBuffer = Buffer & {
  latin1Slice(start: number, end: number): string;
  utf8Write(text: string, at: number, size: number): number;
};

/** A user of an instance, which is notified when the instance has failed. */
export interface Failable {
  handleCoreFailed(error: CoreError): void;
  /** Schedules a turn. */
  schedule(): void;
}

/** An instance of the module. */
export class Core {
  calls: Calls;
  /** Views of the whole memory. They are made anew whenever it grows, so read them after each call. */
  bytes!: Uint8Array;
  words!: Int32Array;
  doubles!: Float64Array;
  /** The same bytes as a Buffer, if the runtime has one. */
  buffer: FastBuffer | undefined;
  readonly outbox: number;
  /** The place of the outbox in `words`. */
  readonly outboxWord: number;
  readonly users: Set<Failable> = new Set();
  failure: CoreError | undefined;
  /** Whether a call between enter() and leave() is under way. */
  #isInside = false;
  // In the place of `calls` once one of them has failed.
  readonly #noCalls: Calls;
  #last = 0;
  #refusalText = "";
  #refusalMessage = "";

  constructor(module: WebAssembly.Module) {
    const imports = {
      env: { emscripten_notify_memory_growth: () => this.#view() },
      wasi_snapshot_preview1: { proc_exit: () => { throw new Exit("the core wants to exit"); } },
    };
    this.calls = new WebAssembly.Instance(module, imports).exports as unknown as Calls;
    const failed = new CoreError("core_failed", "the core has failed, and all its clients with it: connect again", "maybe");
    this.#noCalls = new Proxy({} as Calls, { get: () => () => { throw failed; } });
    this.#view();
    this.calls._initialize();
    const version = this.calls.plimsoll_version();
    if (version !== abiVersion) {
      throw new CoreError("core_failed",
        `the module speaks version ${version} of its interface, and this package ${abiVersion}: ` +
          "the package is damaged, install it anew");
    }
    this.outbox = this.calls.plimsoll_outbox();
    this.outboxWord = this.outbox >> 2;
  }

  #view(): void {
    const { buffer } = this.calls.memory;
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.buffer = typeof Buffer === "function" ? Buffer.from(buffer) as FastBuffer : undefined;
  }

  /** The time in milliseconds, by a clock that never runs backwards. */
  now(): number {
    const now = clockNow();
    if (now > this.#last) this.#last = now;
    return this.#last;
  }

  /** A number of 32 bits in the outbox, by its offset in bytes. */
  outboxNumber(at: number): number {
    return this.words[this.outboxWord + (at >> 2)]!;
  }

  /** Decodes text of the core's own, which is UTF-8. */
  text(at: number, size: number): string {
    return decoder.decode(this.bytes.subarray(at, at + size));
  }

  /** The text of outbox.spans[index], which is UTF-8. */
  spanText(index: number): string {
    const at = outboxAt.spans + 8 * index;
    return this.text(this.outboxNumber(at) >>> 0, this.outboxNumber(at + 4));
  }

  /** Returns the answer of a call, or throws its refusal. */
  check(answer: number): number {
    if (answer < 0) throw this.refusal();
    return answer;
  }

  /** Makes a call outside of a driver's turns. Returns its answer, or throws its refusal; a trap ends the
      instance. */
  ask(call: () => number): number {
    try {
      this.enter();
      const answer = this.check(call());
      this.leave();
      return answer;
    } catch (error) {
      throw this.blame(error);
    }
  }

  /** Call this before calls of the core outside of a driver's turns, and leave() behind them, or blame() with what was
      thrown. A caller's stack may end within the core, and again in blame(), which then does nothing. The next one who
      enters, or the next turn, finds that nobody has left. */
  enter(): void {
    this.checkWhole();
    if (this.failure !== undefined) throw this.failure;
    this.#isInside = true;
  }
  leave(): void { this.#isInside = false; }

  /** Throws if the stack has ended within the core. */
  checkWhole(): void {
    if (this.#isInside) throw new RangeError("the stack has ended within the core");
  }

  /** Returns the error to reject with for an exception. A trap of the core ends the instance; anything else
      is the caller's mistake, or an exception of code of the caller's, and is returned as it is. */
  blame(error: unknown): unknown {
    if (isTrap(error)) return this.fail(error);
    this.leave();
    return error;
  }

  /** The error of the call that was refused last. */
  refusal(): PlimsollError {
    const name = errorNames[this.outboxNumber(outboxAt.error)]!;
    const executed = executedNames[this.outboxNumber(outboxAt.executed)]!;
    const size = this.calls.plimsoll_describe_error();
    const at = this.outbox + outboxAt.text;
    if (name !== "rejected_by_limit" || this.buffer === undefined) {
      return errorOf(name, executed, this.text(at, size));
    }
    // A caller that sheds load gets many of these in a row, most with the same ASCII text.
    const text = this.buffer.latin1Slice(at, at + size);
    if (text !== this.#refusalText) {
      this.#refusalText = text;
      this.#refusalMessage = messageOf(name, text);
    }
    return limitError(name, this.#refusalMessage);
  }

  /** A client has ended. Another client, which may be idle, gets a turn: it may use the memory that was
      released, and it takes over the timer that the memory limit needs. */
  handleUserEnded(): void {
    for (const user of this.users) return user.schedule();
  }

  /** A call has trapped: ends the instance and notifies all its users. */
  fail(cause: unknown): CoreError {
    // First of all, and by what is there already: if the stack is at its end, all that follows may throw. The next call
    // fails, comes here, and does the rest.
    this.calls = this.#noCalls;
    this.leave();
    if (current === this) current = undefined;
    this.failure ??= this.#explained(cause);
    for (const user of this.users) user.handleCoreFailed(this.failure);  // each takes itself out
    return this.failure;
  }

  #explained(cause: unknown): CoreError {
    if (cause instanceof CoreError) return cause;
    if (isOverflow(cause)) {
      return new CoreError("core_failed", "the stack came to its end within the core, which has failed, and all its " +
        "clients with it: call clients from where more of the stack is left, and connect again", "maybe", { cause });
    }
    const size = this.outboxNumber(outboxAt.textSize);
    const said = size > 0 ? this.text(this.outbox + outboxAt.text, size) : "";
    const why = said.startsWith("CHECK failed") ? said : wordsOf(cause);
    return new CoreError("core_failed",
      `the core has failed, and all its clients with it: ${why}. That is a bug; connect again`, "maybe", { cause });
  }
}

class Exit extends Error {}

// It can happen in the middle of the core. Firefox has an error of its own for it.
const isOverflow = (error: unknown): boolean =>
  error instanceof RangeError || error instanceof Error && error.name === "InternalError";

const isTrap = (error: unknown): boolean => error instanceof WebAssembly.RuntimeError
  || error instanceof Exit || error instanceof CoreError || isOverflow(error);

const decoder = new TextDecoder();

let current: Core | undefined;
let compiled: Promise<WebAssembly.Module> | undefined;

/** The current instance, if there is one. */
export const currentCore = (): Core | undefined => current;

/** The current instance; makes one if there is none. Rejects with a CoreError if the module cannot be
    loaded. */
export const loadCore = async (): Promise<Core> => {
  if (current !== undefined) return current;
  if (typeof WebAssembly !== "object") {
    throw new CoreError("core_failed", "this runtime has no WebAssembly, or it is switched off");
  }
  compiled ??= loadModule();
  const module = await compiled.catch((error: unknown) => {
    compiled = undefined;
    throw new CoreError("core_failed", (error as Error).message, "no", { cause: error });
  });
  current ??= new Core(module);
  return current;
};
