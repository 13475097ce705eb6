import type { Raw } from "./commands/call.js";
import { outboxAt, recordWords } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { NodeReader } from "./core/decode.js";
import { readFailure, readMissed } from "./core/records.js";
import { type PlimsollError, ServerError, wordsOf } from "./errors.js";
import type { Pending, Refusal, Requests, Wanted } from "./requests.js";

// Settles what waits with what the core's records say. A value that cannot be told as it is wanted is
// the error of its one request, or of its one message: nothing but a trap leaves here.

// The outcome of a transaction is what the server said to EXEC. Users want to read what it said to the
// command that it did not take.
const refusedAs = (outcome: ServerError, { error, place }: Refusal): PlimsollError => {
  if (!(error instanceof ServerError)) return outcome;
  const { code, serverText } = error;
  const isOfBridge = code === "refused_by_bridge";
  if (place === 0) {
    return new ServerError(isOfBridge ? code : outcome.code,
      `${serverText} (to MULTI: the commands may have run one by one)`, "maybe", serverText);
  }
  const tellsMore = isOfBridge || code === "cluster_redirect";
  return new ServerError(tellsMore ? code : outcome.code,
    `${serverText} (to command ${place}: none has run)`, outcome.executed, serverText);
};

/** Of one client. */
export class Outcomes {
  readonly #core: Core;
  readonly #reader: NodeReader;
  readonly #requests: Requests;

  constructor(core: Core, client: number, requests: Requests) {
    this.#core = core;
    this.#reader = new NodeReader(core, client);
    this.#requests = requests;
  }

  /** What the cache has answered just now. Throws what makes it none that can be told. */
  served(wanted: Wanted): unknown {
    const core = this.#core;
    this.#reader.begin(core.outboxWord + (outboxAt.area >> 2),
      core.outboxNumber(outboxAt.nodesCount));
    const asBytes = wanted.options?.as === "bytes";
    const value = this.#reader.value(asBytes, wanted.asMaps === true);
    return wanted.shape === undefined ? value : wanted.shape(value, asBytes ? "bytes" : "text");
  }

  /** The same as a promise. */
  answer(wanted: Wanted): Promise<unknown> {
    try {
      return Promise.resolve(this.served(wanted));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** By the record at `at`, with so many nodes behind it; as all that follow. */
  complete(at: number, nodes: number, tag: number): void {
    const pending = this.#requests.take(tag);
    if (pending === undefined) return;
    if (pending.part !== undefined) {
      if (nodes > 0) this.tellPart(at, nodes, pending);
      return pending.resolve(undefined);
    }
    try {
      const value = nodes > 0 ? this.#value(at, nodes, pending) : undefined;
      const shaped = pending.shape === undefined || value === undefined
        ? value : pending.shape(value, pending.asBytes ? "bytes" : "text");
      if (shaped instanceof ServerError) pending.reject(shaped);
      else pending.resolve(shaped);
    } catch (error) {
      pending.reject(error);
    }
  }

  /** `trouble`: what the connection has said last, if anything. */
  fail(at: number, nodes: number, tag: number, trouble: string): void {
    // Read while the request is still among those that wait: it is told, whatever reading leads to.
    const error = this.failure(at, nodes, trouble);
    const pending = this.#requests.take(tag);
    if (pending === undefined) return;
    if (pending.failure !== undefined) return pending.reject(pending.failure);
    const { refusal } = pending;
    pending.reject(refusal !== undefined && error instanceof ServerError
      ? refusedAs(error, refusal) : error);
  }

  /** The server did not take a command of a transaction. The outcome, which is EXEC's, follows. */
  noteRefusal(at: number, nodes: number, tag: number, trouble: string): void {
    const pending = this.#requests.get(tag);
    if (pending === undefined || pending.commands === 0 || pending.refusal !== undefined) return;
    const answersOwed = this.#core.words[at + 8]!;
    pending.refusal = {
      error: this.failure(at, nodes, trouble), place: pending.commands + 1 - answersOwed };
  }

  /** What cannot be told as it is wanted is told as an error in its place. */
  tellPart(at: number, nodes: number, pending: Pending | undefined): void {
    if (pending?.part === undefined) return;
    const missed = readMissed(this.#core, at);
    try {
      pending.part(this.#value(at, nodes, pending), missed);
    } catch (error) {
      pending.part(error instanceof Error ? error : new Error(wordsOf(error)), missed);
    }
  }

  /** The error that a record tells. */
  failure(at: number, nodes: number, trouble: string): PlimsollError {
    return readFailure(this.#core, this.#reader, at, nodes, trouble);
  }

  #value(at: number, nodes: number, pending: Pending): Raw {
    this.#reader.begin(at + recordWords, nodes);
    this.#reader.ofExec = pending.commands > 0;
    return this.#reader.value(pending.asBytes, pending.asMaps);
  }
}
