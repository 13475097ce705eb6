import type { Afterwards } from "./afterwards.js";
import { rejectForCaller, withoutStack } from "./caller-stack.js";
import type { Raw, StringForm } from "./commands/call.js";
import { asWished, wishOf } from "./commands/decoders.js";
import { outboxAt, recordWords } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { NodeReader } from "./core/decode.js";
import { readFailure, readMissed } from "./core/records.js";
import { CancelledError, type PlimsollError, ServerError, wordsOf } from "./errors.js";
import { inTask } from "./own-timers.js";
import { type Pending, type Refusal, type Requests, type Wanted, stopListening } from "./requests.js";

// Settles the promises of requests with the core's event records. If a value cannot be returned as it was
// asked for, that is the error of this one request or message. Only a trap of the core throws here.
//
// Invariants:
// - What settles a promise by code of the caller's waits in Afterwards, and then all that comes behind it: promises settle
//   in the order of the outcomes.

// The outcome of a transaction that failed is the server's reply to EXEC, which does not say why. This makes
// an error with the server's words about the command that it refused.
const refusedAs = (outcome: ServerError, { error, place }: Refusal): PlimsollError => {
  if (!(error instanceof ServerError)) return outcome;
  const { code, serverText } = error;
  const isOfBridge = code === "refused_by_bridge";
  if (place === 0) {
    return new ServerError(isOfBridge ? code : outcome.code,
      `${serverText} (to MULTI: the commands may have run one by one)`, "maybe", serverText);
  }
  const tellsMore = isOfBridge || code === "cluster_redirect" || code === "cluster_down";
  return new ServerError(tellsMore ? code : outcome.code,
    `${serverText} (to command ${place}: none has run)`, outcome.executed, serverText);
};

const fail = ({ resolve, reject }: Pending, error: unknown): void => {
  rejectForCaller(resolve, reject, error);
};

const settle = (pending: Pending, value: Raw | undefined): void => {
  try {
    const shaped = value === undefined || pending.each !== undefined
      ? value : asWished(value, pending.shape, pending.wish);
    if (shaped instanceof ServerError) fail(pending, shaped);
    else pending.resolve(shaped);
  } catch (error) {
    fail(pending, error);
  }
};

// Of so many promises of cached values, one is fulfilled in a task of its own. Else a loop that awaits them would keep
// everything else from the event loop, also the invalidation of what it reads.
const answersPerTask = 1024;
let answersLeft = answersPerTask;

// The signal may be code of the caller's, whose exceptions must not reach the core.
const reasonOf = (signal: { readonly reason?: unknown }): unknown => {
  try {
    return signal.reason;
  } catch (error) {
    return error;
  }
};

// The error that the caller gets for the core's.
const reasonFor = ({ failure, refusal, signal }: Pending, error: PlimsollError): unknown => {
  if (failure !== undefined) return failure;
  if (error instanceof CancelledError && signal !== undefined) error.cause = reasonOf(signal);
  return refusal !== undefined && error instanceof ServerError ? refusedAs(error, refusal) : error;
};

/** The outcomes of one client's requests. */
export class Outcomes {
  readonly #core: Core;
  readonly #client: number;
  readonly #reader: NodeReader;
  readonly #requests: Requests;
  readonly #afterwards: Afterwards;

  constructor(core: Core, client: number, requests: Requests, afterwards: Afterwards) {
    this.#core = core;
    this.#client = client;
    this.#reader = new NodeReader(core, client);
    this.#requests = requests;
    this.#afterwards = afterwards;
  }

  /** The value that the cache has just served. Throws if it cannot be returned as it was asked for. */
  served({ shape, options, wish: given, asMaps = false }: Wanted): unknown {
    if (options === undefined && given === undefined) {  // as most: nothing is to be made of strings
      const value = this.#readServed("text", asMaps);
      return shape === undefined ? value : shape(value, "text");
    }
    const wish = given ?? wishOf(options?.as);
    return asWished(this.#readServed(wish.form, asMaps), shape, wish);
  }

  #readServed(form: StringForm, asMaps: boolean): Raw {
    const core = this.#core;
    const count = core.outboxNumber(outboxAt.nodesCount);
    this.#reader.begin(core.outboxWord + (outboxAt.area >> 2), count);
    if (count === 1) return this.#reader.value(form, asMaps);
    try {
      return this.#reader.value(form, asMaps);
    } finally {  // the core has copied it
      core.ask(() => core.calls.plimsoll_release_served(this.#client));
    }
  }

  /** The same as a promise. */
  answer(wanted: Wanted): Promise<unknown> {
    const answer = this.#answerAtOnce(wanted);
    if (--answersLeft > 0) return answer;
    answersLeft = answersPerTask;
    answer.catch(() => {});  // its error is the caller's, who gets it later
    return new Promise((resolve) => { inTask(() => resolve(answer)); });
  }

  #answerAtOnce(wanted: Wanted): Promise<unknown> {
    try {
      return Promise.resolve(this.served(wanted));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** A request has its reply: the record at `at`, with `nodes` nodes behind it, as in all methods below. */
  complete(at: number, nodes: number, tag: number): void {
    const pending = this.#requests.take(tag);
    if (pending === undefined) return;
    let value: Raw | undefined;
    try {
      if (pending.part !== undefined && nodes > 0) this.tellPart(at, nodes, pending);
      else if (nodes > 0) value = this.#value(at, nodes, pending);
    } catch (error) {
      return this.#finish(pending, () => fail(pending, error));
    }
    if (pending.wish.decode === undefined && pending.stopListening === undefined && this.#afterwards.isEmpty) {
      return settle(pending, value);
    }
    this.#finish(pending, () => settle(pending, value));
  }

  #finish(pending: Pending, act: () => void): void {
    this.#afterwards.add(() => {
      stopListening(pending);
      act();
    });
  }

  /** A request has failed. `trouble` is the last error of the connection, if there was one. */
  fail(at: number, nodes: number, tag: number, trouble: string): void {
    // Reads the error before it takes the request out: if reading traps, the request is still there to be
    // rejected with all others.
    const error = withoutStack(() => this.failure(at, nodes, trouble));
    const pending = this.#requests.take(tag);
    if (pending === undefined) return;
    if (pending.stopListening === undefined && this.#afterwards.isEmpty) return fail(pending, reasonFor(pending, error));
    this.#finish(pending, () => fail(pending, reasonFor(pending, error)));
  }

  /** The server refused a command of a transaction. The outcome, the reply to EXEC, will follow. */
  noteRefusal(at: number, nodes: number, tag: number, trouble: string): void {
    const pending = this.#requests.get(tag);
    if (pending === undefined || pending.each === undefined || pending.refusal !== undefined) return;
    const answersOwed = this.#core.words[at + 8]!;
    pending.refusal = {
      error: this.failure(at, nodes, trouble), place: pending.each.length + 1 - answersOwed };
  }

  /** Delivers a part of an outcome, or an error if the part cannot be returned as it was asked for. */
  tellPart(at: number, nodes: number, pending: Pending | undefined): void {
    if (pending?.part === undefined) return;
    const missed = readMissed(this.#core, at);
    try {
      pending.part(this.#value(at, nodes, pending), missed);
    } catch (error) {
      pending.part(error instanceof Error ? error : new Error(wordsOf(error)), missed);
    }
  }

  /** The error of a record. */
  failure(at: number, nodes: number, trouble: string): PlimsollError {
    return readFailure(this.#core, this.#reader, at, nodes, trouble);
  }

  #value(at: number, nodes: number, pending: Pending): Raw {
    this.#reader.begin(at + recordWords, nodes);
    return pending.each === undefined ? this.#reader.value(pending.wish.form, pending.asMaps)
                                      : this.#reader.replies(pending.each);
  }
}
