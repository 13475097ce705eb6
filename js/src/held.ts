import type { Word } from "./commands/call.js";
import type { Core } from "./core/core.js";
import { plainView, sizeOfBytes } from "./core/sizes.js";

// What a string or Uint8Array and its place in an array cost, besides its letters or bytes.
const bytesAroundWord = 32;

/** The number of bytes that keeping these words costs. */
export const heldBytes = (words: readonly Word[]): number => {
  let bytes = bytesAroundWord;
  for (const word of words) {
    bytes += bytesAroundWord + (typeof word === "string" ? word.length : sizeOfBytes(word));
  }
  return bytes;
};

/** Puts copies in the place of the arrays of bytes, in a list that is nobody else's: their caller may write into them as
    soon as its call has returned. Returns the list. */
export const keepBytes = (own: Word[]): Word[] => {
  for (let i = 0; i < own.length; ++i) {
    const word = own[i]!;
    if (typeof word !== "string") own[i] = plainView(word).slice();
  }
  return own;
};

/** The client that keeps the words: its Driver. */
export interface HeldOwner {
  readonly core: Core;
  readonly id: number;
  /** The error that ended the client. */
  readonly end: unknown;
  /** Calls `act`; if it throws, that ends the client. */
  protect(act: () => void): void;
}

/** Counts the bytes of callers' words that a client keeps for later requests (transactions, requests that
    wait for room). The requests pool pays for them. One for each client. */
export class Held {
  readonly #owner: HeldOwner;
  #bytes = 0;

  constructor(owner: HeldOwner) { this.#owner = owner; }

  /** Charges `bytes` more bytes. Throws a LimitError, and charges nothing, if the pool has no room. */
  hold(bytes: number): void {
    const { core, id, end } = this.#owner;
    if (end !== undefined) throw end;
    core.ask(() => core.calls.plimsoll_hold(id, this.#bytes + bytes));
    this.#bytes += bytes;
  }

  /** Gives back what hold() has charged for bytes that are not kept any more. */
  letGo(bytes: number): void {
    this.#bytes -= bytes;
    const { core, id } = this.#owner;
    this.#owner.protect(() => {
      if (bytes > 0) core.check(core.calls.plimsoll_hold(id, this.#bytes));
    });
  }
}

/** The words of one request, kept and paid for until the request is made. */
export class HeldWords {
  /** Whether the request is a transaction, however many commands it has. */
  readonly isTransaction: boolean;
  readonly #commands: readonly (readonly Word[])[];
  readonly #held: Held;
  readonly #bytes: number;

  /** Keeps a copy. Throws a LimitError if the pool has no room. */
  constructor(held: Held, commands: readonly (readonly Word[])[], isTransaction: boolean) {
    this.isTransaction = isTransaction;
    this.#held = held;
    this.#bytes = commands.reduce((all, words) => all + heldBytes(words), 0);
    held.hold(this.#bytes);
    this.#commands = commands.map((words) => keepBytes(words.slice()));
  }

  letGo(): void { this.#held.letGo(this.#bytes); }

  /** Returns the words of each command, and gives back what they cost. */
  take(): readonly (readonly Word[])[] {
    this.letGo();
    return this.#commands;
  }
}
