import type { CallOptions, Word } from "../commands/call.js";
import { described } from "../commands/problem.js";
import type { Core } from "./core.js";
import { outboxAt } from "./abi.js";
import { stage, stageWord } from "./encode.js";

// Commands into the core: what the call that takes them is told besides.

// The core takes no less: to make a number of an object runs its code, in the middle of a call.
const milliseconds = (name: string, given: unknown): number => {
  if (given === undefined || given === null) return -1;
  if (typeof given === "number") return given;
  throw new TypeError(`${name}: got ${described(given)}; give milliseconds`);
};

/** Of a call; below 0: the client's own. TypeError: it is no number. */
export const timeoutOf = (options: CallOptions | undefined): number =>
  milliseconds("timeout", options?.timeout);

/** Submits one command; answers what became of it, of `outcomes`, or less than 0: it was refused, and
    core.refusal() says why, which is no exception here, since to throw costs as much as a request.
    Throws what its words are refused by. */
export const ask = (
  core: Core, client: number, words: readonly Word[], tag: number, options: CallOptions | undefined,
): number => {
  const timeout = timeoutOf(options);
  const staleness = milliseconds("maxStaleness", options?.maxStaleness);
  let answer: number;
  // What is asked most is told apart here, and needs no table of its words.
  if (words.length === 2 && words[0] === "GET") {
    const size = stageWord(core, words[1]!);
    answer = core.calls.plimsoll_submit_get(client, size, tag, timeout, staleness, core.now());
  } else {
    stage(core, words);
    answer = core.calls.plimsoll_submit(client, words.length, tag, timeout, staleness, core.now());
  }
  return answer < 0 ? answer : core.outboxNumber(outboxAt.outcome);
};

/** Whether a cache has what GET of this key asks for: its nodes are in the area. */
export const askCache = (core: Core, client: number, key: Word): boolean => {
  const size = stageWord(core, key);
  return core.check(core.calls.plimsoll_lookup(client, size, core.now())) !== 0;
};

/** Submits once more what was admitted. */
export const askAdmitted = (
  core: Core, client: number, words: readonly Word[], tag: number,
): void => {
  stage(core, words);
  core.check(core.calls.plimsoll_submit_admitted(client, words.length, tag));
};
