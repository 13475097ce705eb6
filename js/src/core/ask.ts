import type { CallOptions, Word } from "../commands/call.js";
import type { Core } from "./core.js";
import { outboxAt, outcomes, stagingBytes } from "./abi.js";
import { type DeferredWords, stageLarge, writeDeferred } from "./deferred.js";
import { bytesMaxOfAll, stage, stageWord } from "./encode.js";

// Submits commands to the core, with their options.

/** The timeout of a call in milliseconds; below 0 for the client's requestTimeout. */
export const timeoutOf = (options: CallOptions | undefined): number => options?.timeout ?? -1;

/** Submits a request: has it staged, then calls the core by `submit`. Returns the core's answer. */
const submitWords = (
  core: Core, client: number, words: readonly Word[], submit: () => number,
): number => {
  const deferred = stageLarge(core, [words], 0, []);
  let answer = submit();
  if (answer < 0 || deferred.length === 0) return answer;
  if (core.outboxNumber(outboxAt.outcome) === outcomes.whole) {
    stage(core, words);
    answer = submit();
  } else if (core.outboxNumber(outboxAt.outcome) === outcomes.staged) {
    finish(core, client, deferred);
  }
  return answer;
};

// If this fails, the core would send a request with nothing in the place of the words.
const finish = (core: Core, client: number, deferred: DeferredWords): void => {
  try {
    writeDeferred(core, client, deferred);
  } catch (error) {
    throw core.fail(error);
  }
};

/** Submits one command. Returns what became of it (one of `outcomes`), or a number below 0 if the core
    refused it: then core.refusal() says why. A refusal is no exception, since throwing costs as much as a
    request. `options` are checked. Throws if the words are invalid, or there is no memory to stage them. */
export const ask = (
  core: Core, client: number, words: readonly Word[], tag: number, options: CallOptions | undefined,
): number => {
  const timeout = timeoutOf(options);
  const staleness = options?.maxStaleness ?? -1;
  const { calls } = core;
  let answer: number;
  // GET, the most frequent command, has a call of its own, which needs no table of words.
  if (words.length === 2 && words[0] === "GET") {
    const size = stageWord(core, words[1]!);
    answer = calls.plimsoll_submit_get(client, size, tag, timeout, staleness, core.now());
  } else if (bytesMaxOfAll(words) <= stagingBytes) {
    stage(core, words);
    answer = calls.plimsoll_submit(client, words.length, tag, timeout, staleness, core.now());
  } else {
    answer = submitWords(core, client, words, () =>
      calls.plimsoll_submit(client, words.length, tag, timeout, staleness, core.now()));
  }
  return answer < 0 ? answer : core.outboxNumber(outboxAt.outcome);
};

/** Looks up GET of this key in the cache. If it is there, returns true, with its nodes in the area. */
export const askCache = (core: Core, client: number, key: Word): boolean => {
  const size = stageWord(core, key);
  return core.check(core.calls.plimsoll_lookup(client, size, core.now())) !== 0;
};

/** Submits one command on an exclusive connection. Throws as ask() does, and for a refusal. */
export const askOn = (
  core: Core, client: number, connection: number, words: readonly Word[], tag: number, timeout: number,
): number => {
  bytesMaxOfAll(words);  // throws for what is no word
  return core.check(submitWords(core, client, words, () => core.calls.plimsoll_submit_to(
    client, connection, words.length, tag, timeout, core.now())));
};

/** Submits a request to nodes of a cluster: `where` as in wasm/abi.h, with its word in front of the request's. */
export const askAt = (
  core: Core, client: number, where: number, words: readonly Word[], tag: number, timeout: number,
): number => {
  bytesMaxOfAll(words);  // throws for what is no word
  return core.check(submitWords(core, client, words, () => core.calls.plimsoll_submit_at(
    client, where, words.length, tag, timeout, core.now())));
};

/** Submits a command that has waited for room and was admitted. */
export const askAdmitted = (
  core: Core, client: number, words: readonly Word[], tag: number,
): void => {
  bytesMaxOfAll(words);  // throws for what is no word
  core.check(submitWords(core, client, words, () =>
    core.calls.plimsoll_submit_admitted(client, 0, words.length, tag)));
};

// MULTI, which the core sends in front.
const bytesOfMulti = "*1\r\n$5\r\nMULTI\r\n".length;

// Has a transaction staged, then calls the core by `submit`. Returns what became of it: one of `outcomes`.
const submitCommands = (
  core: Core, client: number, commands: readonly (readonly Word[])[], submit: (count: number) => number,
): number => {
  let count = 0;
  for (const words of commands) {
    bytesMaxOfAll(words);
    count += words.length;
  }
  const sizes = commands.map((words) => words.length);
  const deferred = stageLarge(core, commands, bytesOfMulti, sizes);
  core.check(submit(count));
  const outcome = core.outboxNumber(outboxAt.outcome);
  if (outcome === outcomes.staged) finish(core, client, deferred);
  return outcome;
};

/** Submits a transaction on a connection of the client's: each command is a list of words. Returns what became of it
    (one of `outcomes`). Throws as ask() does, and for a refusal. */
export const askTransaction = (
  core: Core, client: number, connection: number, commands: readonly (readonly Word[])[], tag: number,
  timeout: number,
): number => submitCommands(core, client, commands, (count) => core.calls.plimsoll_submit_transaction(
  client, connection, commands.length, count, tag, timeout, core.now()));

/** Submits a transaction that has waited for room and was admitted. */
export const askAdmittedTransaction = (
  core: Core, client: number, commands: readonly (readonly Word[])[], tag: number,
): void => {
  submitCommands(core, client, commands, (count) =>
    core.calls.plimsoll_submit_admitted(client, commands.length, count, tag));
};
