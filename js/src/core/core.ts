import { CoreError, PlimsollError, errorOf, limitError, messageOf,
  wordsOf } from "../errors.js";
import { abiVersion, errorNames, executedNames, outboxAt } from "./abi.js";
import type { Calls } from "./calls.js";
import { loadModule } from "#core";

// One instance of the WebAssembly module: its calls, and its memory. There is one in a process or
// isolate, and so one memory line; where it has failed, whoever comes next gets a new one.

/** What Node's Buffer has besides its documented methods, and Deno's and Bun's too: the fastest ways
    between bytes and text there. */
type FastBuffer = Buffer & {
  latin1Slice(start: number, end: number): string;
  utf8Write(text: string, at: number, size: number): number;
};

// Kept, since the global is a getter in Node, which costs as much as to read the clock.
const clock = performance;

/** Who is told when the instance has failed. */
export interface Failable {
  handleCoreFailed(error: CoreError): void;
  /** Has a turn come soon. */
  schedule(): void;
}

export class Core {
  readonly calls: Calls;
  /** Views of all of its memory, made anew whenever that grows. */
  bytes!: Uint8Array;
  words!: Int32Array;
  doubles!: Float64Array;
  /** The same bytes, where the runtime has what is fastest with them. */
  buffer: FastBuffer | undefined;
  readonly outbox: number;
  /** In words of 32 bits. */
  readonly outboxWord: number;
  readonly users: Set<Failable> = new Set();
  failure: CoreError | undefined;
  #last = 0;
  #refusalText = "";
  #refusalMessage = "";

  constructor(module: WebAssembly.Module) {
    const imports = {
      env: { emscripten_notify_memory_growth: () => this.#view() },
      wasi_snapshot_preview1: { proc_exit: () => { throw new Error("the core wants to exit"); } },
    };
    this.calls = new WebAssembly.Instance(module, imports).exports as unknown as Calls;
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

  /** Milliseconds by a clock that never runs backwards. */
  now(): number {
    const now = clock.now();
    if (now > this.#last) this.#last = now;
    return this.#last;
  }

  /** One of the outbox's numbers, by its offset. */
  outboxNumber(at: number): number {
    return this.words[this.outboxWord + (at >> 2)]!;
  }

  /** ASCII, or text that is known to be UTF-8. */
  text(at: number, size: number): string {
    return decoder.decode(this.bytes.subarray(at, at + size));
  }

  /** What the call answered, if it was not refused. */
  check(answer: number): number {
    if (answer < 0) throw this.refusal();
    return answer;
  }

  /** What `call` answered, if it was not refused; a trap is the end of the instance. Calls that are
      made outside of a driver's turns go through here. */
  ask(call: () => number): number {
    if (this.failure !== undefined) throw this.failure;
    try {
      return this.check(call());
    } catch (error) {
      throw this.blame(error);
    }
  }

  /** Who is at fault for what was thrown: the caller, who is told it; or the core, and then that is
      the end of it. */
  blame(error: unknown): unknown {
    const isOfTheCaller = error instanceof TypeError || error instanceof PlimsollError;
    return isOfTheCaller ? error : this.fail(error);
  }

  /** Why the last call was refused. */
  refusal(): PlimsollError {
    const name = errorNames[this.outboxNumber(outboxAt.error)]!;
    const executed = executedNames[this.outboxNumber(outboxAt.executed)]!;
    const size = this.calls.plimsoll_describe_error();
    const at = this.outbox + outboxAt.text;
    if (name !== "rejected_by_limit" || this.buffer === undefined) {
      return errorOf(name, executed, this.text(at, size));
    }
    // Whoever sheds load gets one after the other, most of them with the same words, all ASCII.
    const text = this.buffer.latin1Slice(at, at + size);
    if (text !== this.#refusalText) {
      this.#refusalText = text;
      this.#refusalMessage = messageOf(name, text);
    }
    return limitError(name, this.#refusalMessage);
  }

  /** One of those who use it has ended: what that released, and what it saw to for all (the memory
      line's ticks), is for another one, who may be idle. */
  handleUserEnded(): void {
    for (const user of this.users) return user.schedule();
  }

  /** A call has trapped: the instance is over, and all who use it are told. */
  fail(cause: unknown): CoreError {
    if (this.failure !== undefined) return this.failure;
    const size = this.outboxNumber(outboxAt.textSize);
    const said = size > 0 ? this.text(this.outbox + outboxAt.text, size) : "";
    const why = said.startsWith("CHECK failed") ? said : wordsOf(cause);
    this.failure = new CoreError("core_failed",
      `the core has failed, and all its clients with it: ${why}. That is a bug; connect again`,
      "maybe", { cause });
    if (current === this) current = undefined;
    for (const user of [...this.users]) user.handleCoreFailed(this.failure);
    this.users.clear();
    return this.failure;
  }
}

const decoder = new TextDecoder();

let current: Core | undefined;
let compiled: Promise<WebAssembly.Module> | undefined;

/** The instance that there is, if there is one. */
export const currentCore = (): Core | undefined => current;

/** The instance, made now if there is none. */
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
