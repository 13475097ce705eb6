import type { As, CallOptions, Key, Value } from "./commands/call.js";
import { checkNames } from "./commands/call-options.js";
import type { Fields, HashScanPage, ScanPage, Scored, SortedSetScanPage,
  Text } from "./commands/replies.js";
import { CommandSet, type HscanNoValuesOptions, type HscanOptions, type ReplyOptions, type ScanOptions,
  type SscanOptions, type ZscanNoScoresOptions, type ZscanOptions } from "./generated/commands.js";

// Walks over keys and over the elements of large values, a page of the server's at a time.

/** Options of hscan(), sscan() and zscan() that walk. */
export interface WalkOptions<A extends As = As> extends ReplyOptions<A> {
  /** A pattern, as in KEYS: only what matches. */
  readonly match?: Value | undefined;
  /** How much the server looks at for a page; not a number of results. Default: the server's, 10. */
  readonly count?: number | undefined;
  /** Where to begin: Walk.cursor of an earlier walk. Default: at the beginning. */
  readonly cursor?: Value | undefined;
}

/** Options of scan() that walks. */
export interface KeyWalkOptions<A extends As = As> extends WalkOptions<A> {
  /** Only keys of this type: "string", "hash"... */
  readonly type?: Value | undefined;
}

type Step<Page> = (cursor: Value, options: object) => Promise<{ cursor: string; page: Page }>;

/**
 * A walk, for `for await`; each page is one call. The server promises to return each element that was there
 * from the beginning to the end, and may return some of them twice. Pages without a result are left out. A
 * loop may be left, or may end with the error of a call, and another one goes on where it was. `signal` and
 * `timeout` are those of each call.
 *
 *     for await (const keys of client.scan({ match: "user:*", count: 1000 })) await client.unlink(keys);
 */
export class Walk<Page> implements AsyncIterable<Page> {
  readonly #step: Step<Page>;
  #options: CallOptions = {};
  #cursor: Value = "0";
  #problem: unknown;
  #isDone = false;

  /** @internal `names` are the options of this walk besides those of any call. */
  constructor(given: WalkOptions | undefined, names: readonly string[], step: Step<Page>) {
    this.#step = step;
    try {
      checkNames(given, names);
      const { match: pattern, cursor = "0", ...rest } = given ?? {};
      this.#options = { ...rest, ...pattern === undefined ? {} : { pattern } };
      this.#cursor = cursor;
    } catch (error) {
      this.#problem = error;  // what goes wrong in a call rejects
    }
  }

  /** Where the next page begins; "0" at the beginning and at the end. To go on in another walk, or another
      process, give it as the option `cursor`. Over the keys of a cluster it is a text of up to 5.5 KiB. */
  get cursor(): Value { return this.#cursor; }

  /** Whether the server has returned all. */
  get isDone(): boolean { return this.#isDone; }

  /** Asks for the pages that are left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Page, void, undefined> {
    if (this.#problem !== undefined) throw this.#problem;
    while (!this.#isDone) {
      const { cursor, page } = await this.#step(this.#cursor, this.#options);
      this.#cursor = cursor;
      this.#isDone = cursor === "0";
      if (!isEmpty(page)) yield page;
    }
  }
}

const isEmpty = (page: unknown): boolean =>
  (Array.isArray(page) ? page : Object.keys(page as object)).length === 0;

// Whether this is no cursor, so that the call begins a walk.
const begins = (cursor: unknown): cursor is WalkOptions | undefined => {
  if (cursor === undefined) return true;
  try {
    return typeof cursor === "object" && cursor !== null && !ArrayBuffer.isView(cursor)
      && !Array.isArray(cursor);
  } catch {
    return false;  // a Proxy that was revoked
  }
};

const names = ["match", "count", "cursor"] as const;
const namesOfKeys = [...names, "type"] as const;

// What a step has found lies beside the cursor, by a name of its own.
const pageOf = async <Name extends string, Page>(
  step: Promise<{ cursor: string } & Record<Name, Page>>, name: Name,
): Promise<{ cursor: string; page: Page }> => {
  const found = await step;
  return { cursor: found.cursor, page: found[name] };
};

/** Commands whose walks are loops as well: without a cursor, scan() and the like begin a Walk. */
export abstract class Scanning extends CommandSet {
  /** Walks over all keys: see Walk. With a cursor, does one step. */
  override scan<A extends As = "text">(options?: KeyWalkOptions<A>): Walk<Text<A>[]>;
  override scan<A extends As = "text">(cursor: Value, options?: ScanOptions<A>): Promise<ScanPage<A>>;
  override scan(cursor?: unknown, options?: ScanOptions): any {
    if (!begins(cursor)) return super.scan(cursor as Value, options);
    return new Walk(cursor, namesOfKeys, (at, own) => pageOf(super.scan(at, own), "elements"));
  }

  /** Walks over the fields of a hash: see Walk. With a cursor, does one step. */
  override hscan<A extends As = "text">(key: Key, options?: WalkOptions<A>): Walk<Fields<A>>;
  override hscan<A extends As = "text">(key: Key, cursor: Value, options?: HscanOptions<A>):
    Promise<HashScanPage<A>>;
  override hscan(key: Key, cursor?: unknown, options?: HscanOptions): any {
    if (!begins(cursor)) return super.hscan(key, cursor as Value, options);
    return new Walk(cursor, names, (at, own) => pageOf(super.hscan(key, at, own), "fields"));
  }

  /** The same without the values. */
  override hscanNoValues<A extends As = "text">(key: Key, options?: WalkOptions<A>):
    Walk<Text<A>[]>;
  override hscanNoValues<A extends As = "text">(key: Key, cursor: Value,
    options?: HscanNoValuesOptions<A>): Promise<ScanPage<A>>;
  override hscanNoValues(key: Key, cursor?: unknown, options?: HscanNoValuesOptions): any {
    if (!begins(cursor)) return super.hscanNoValues(key, cursor as Value, options);
    return new Walk(cursor, names, (at, own) => pageOf(super.hscanNoValues(key, at, own), "elements"));
  }

  /** Walks over the members of a set: see Walk. With a cursor, does one step. */
  override sscan<A extends As = "text">(key: Key, options?: WalkOptions<A>): Walk<Text<A>[]>;
  override sscan<A extends As = "text">(key: Key, cursor: Value, options?: SscanOptions<A>):
    Promise<ScanPage<A>>;
  override sscan(key: Key, cursor?: unknown, options?: SscanOptions): any {
    if (!begins(cursor)) return super.sscan(key, cursor as Value, options);
    return new Walk(cursor, names, (at, own) => pageOf(super.sscan(key, at, own), "elements"));
  }

  /** Walks over the members of a sorted set, with their scores: see Walk. With a cursor, does one step. */
  override zscan<A extends As = "text">(key: Key, options?: WalkOptions<A>): Walk<Scored<A>[]>;
  override zscan<A extends As = "text">(key: Key, cursor: Value, options?: ZscanOptions<A>):
    Promise<SortedSetScanPage<A>>;
  override zscan(key: Key, cursor?: unknown, options?: ZscanOptions): any {
    if (!begins(cursor)) return super.zscan(key, cursor as Value, options);
    return new Walk(cursor, names, (at, own) => pageOf(super.zscan(key, at, own), "members"));
  }

  /** The same without the scores. */
  override zscanNoScores<A extends As = "text">(key: Key, options?: WalkOptions<A>):
    Walk<Text<A>[]>;
  override zscanNoScores<A extends As = "text">(key: Key, cursor: Value,
    options?: ZscanNoScoresOptions<A>): Promise<ScanPage<A>>;
  override zscanNoScores(key: Key, cursor?: unknown, options?: ZscanNoScoresOptions): any {
    if (!begins(cursor)) return super.zscanNoScores(key, cursor as Value, options);
    return new Walk(cursor, names, (at, own) => pageOf(super.zscanNoScores(key, at, own), "elements"));
  }
}
