import { type Raw, type Shape, type StringForm, anyReply } from "./call.js";
import { nameOf } from "./decoders.js";

// Functions that turn replies into their types, whichever form the server's version and protocol give them.
// The table of commands names these functions. A reply of an unexpected form throws a TypeError.

type Shaped = (reply: Raw, form: StringForm) => unknown;

const unexpected = (reply: Raw, wanted: string): never => {
  throw new TypeError(`the server's reply is ${Array.isArray(reply) ? "an array" : String(reply)}, `
    + `not ${wanted}`);
};

const row = (reply: Raw, least = 0): Raw[] => {
  if (!Array.isArray(reply)) return unexpected(reply, "an array");
  return reply.length < least ? unexpected(reply, `an array of ${least} or more`) : reply;
};

/** A string that is always ASCII, such as an id or a name of the server's: text also with `as: "bytes"`. */
const plain = (reply: Raw | undefined): string => {
  if (typeof reply === "string") return reply;
  if (!(reply instanceof Uint8Array)) return unexpected(reply ?? null, "a string");
  let text = "";
  for (const byte of reply) text += String.fromCharCode(byte);
  return text;
};

const plainOrNull = (reply: Raw | undefined): string | null => reply === null ? null : plain(reply);

const infinities: Readonly<Record<string, number>> = { inf: Infinity, "+inf": Infinity,
  "-inf": -Infinity };

const real = (reply: Raw | undefined): number => {
  if (typeof reply === "number") return reply;
  if (typeof reply === "bigint") return Number(reply);
  const text = plain(reply);
  return infinities[text] ?? Number(text);
};

// A number, which the server may send as text. A bigint beyond the safe integers, as everywhere.
const whole = (reply: Raw | undefined): number => {
  if (typeof reply === "number" || typeof reply === "bigint") return reply as number;
  const text = plain(reply);
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text) as unknown as number;
};

const wholeOrNull = (reply: Raw | undefined): number | null =>
  reply === null || reply === undefined ? null : whole(reply);

const date = (reply: Raw | undefined): Date => new Date(whole(reply) * 1000);

/** Pairs of names and values, whether the reply has arrays of two or a flat array. */
const pairs = (reply: Raw): [Raw, Raw][] => {
  const all = row(reply);
  if (Array.isArray(all[0])) return all.map(each => row(each, 2).slice(0, 2) as [Raw, Raw]);
  const found: [Raw, Raw][] = [];
  for (let at = 0; at + 1 < all.length; at += 2) found.push([all[at]!, all[at + 1]!]);
  return found;
};

/** The values of a reply by their names. */
const named = (reply: Raw): Record<string, Raw> => {
  const found = Object.create(null) as Record<string, Raw>;
  for (const [name, value] of pairs(reply)) found[plain(name)] = value;
  return found;
};

// An object as any other. A field of this name would be its prototype, unless it is defined.
const setField = (fields: Record<string, Raw>, name: string, value: Raw): void => {
  if (name !== "__proto__") fields[name] = value;
  else Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true });
};

const record: Shaped = (reply, form) => {
  const all = row(reply);
  if (form === "bytes") return pairs(reply);
  const fields: Record<string, Raw> = {};
  if (form === "values" || Array.isArray(all[0])) {
    for (const [name, value] of pairs(reply)) setField(fields, nameOf(name, form) as string, value);
    return fields;
  }
  for (let at = 0; at + 1 < all.length; at += 2) setField(fields, all[at] as string, all[at + 1]!);
  return fields;
};

const score = ([member, score]: readonly Raw[]): { member: Raw; score: number } =>
  ({ member: member!, score: real(score) });

const scores = (reply: Raw): { member: Raw; score: number }[] => pairs(reply).map(score);

const position = (reply: Raw): unknown => {
  const [longitude, latitude] = row(reply, 2);
  return { longitude: real(longitude), latitude: real(latitude) };
};

const place = (reply: Raw): unknown => {
  if (!Array.isArray(reply)) return { member: reply };
  const [member, ...details] = reply;
  const found: Record<string, unknown> = { member };
  for (const detail of details) {
    if (Array.isArray(detail)) found.position = position(detail);
    else if (typeof detail === "number" || typeof detail === "bigint") found.hash = detail;
    else found.distance = real(detail);
  }
  return found;
};

const match = (reply: Raw): unknown => {
  const [first, second, length] = row(reply, 2);
  const found: Record<string, unknown> = { first: row(first!, 2), second: row(second!, 2) };
  if (length !== undefined) found.length = length;
  return found;
};

const matches = (reply: Raw): unknown => {
  const { matches, len } = named(reply);
  return { matches: row(matches ?? []).map(match), length: whole(len ?? 0) };
};

const entry = (reply: Raw, form: StringForm): unknown => {
  if (reply === null) return { id: "", fields: null };
  const [id, fields] = row(reply, 2);
  return { id: plain(id), fields: fields === null ? null : record(fields!, form) };
};

const entryOrNull = (reply: Raw | undefined, form: StringForm): unknown =>
  reply === null || reply === undefined ? null : entry(reply, form);

const entries = (reply: Raw | undefined, form: StringForm): unknown =>
  row(reply ?? []).map(each => entry(each, form));

const texts = (reply: Raw | undefined): string[] => row(reply ?? []).map(plain);

const streams: Shaped = (reply, form) => pairs(reply ?? [])
  .map(([stream, all]) => ({ stream: nameOf(stream, form), entries: entries(all, form) }));

const pendingSummary: Shaped = (reply, form) => {
  const [count, lowest, highest, consumers] = row(reply, 4);
  return {
    count, lowest: plainOrNull(lowest), highest: plainOrNull(highest),
    consumers: pairs(consumers ?? []).map(
      ([consumer, count]) => ({ consumer: nameOf(consumer, form), count: whole(count) })),
  };
};

const streamInfo: Shaped = (reply, form) => {
  const facts = named(reply);
  return {
    length: whole(facts.length),
    radixTreeKeys: whole(facts["radix-tree-keys"]),
    radixTreeNodes: whole(facts["radix-tree-nodes"]),
    lastGeneratedId: plain(facts["last-generated-id"]),
    maxDeletedEntryId: plain(facts["max-deleted-entry-id"] ?? ""),
    entriesAdded: whole(facts["entries-added"] ?? 0),
    recordedFirstEntryId: plain(facts["recorded-first-entry-id"] ?? ""),
    groups: whole(facts.groups),
    firstEntry: entryOrNull(facts["first-entry"], form),
    lastEntry: entryOrNull(facts["last-entry"], form),
  };
};

const groupInfo: Shaped = (reply, form) => {
  const facts = named(reply);
  return {
    name: nameOf(facts.name, form), consumers: whole(facts.consumers), pending: whole(facts.pending),
    lastDeliveredId: plain(facts["last-delivered-id"]),
    entriesRead: wholeOrNull(facts["entries-read"]), lag: wholeOrNull(facts.lag),
  };
};

const consumerInfo: Shaped = (reply, form) => {
  const { name, pending, idle, inactive } = named(reply);
  const since = wholeOrNull(inactive);
  return {
    name: nameOf(name, form), pending: whole(pending), idle: whole(idle),
    inactive: since === null || since < 0 ? null : since,
  };
};

const slowCommand = (reply: Raw): unknown => {
  const [id, at, duration, words, address, clientName] = row(reply, 6);
  return { id, at: date(at), duration, words, clientAddress: plain(address), clientName };
};

/** The key of a list, and what was popped from it. */
const popped = (what: string): Shaped => (reply, form) => {
  const [key, found] = row(reply, 2);
  return { key: nameOf(key, form), [what]: found };
};

const shapes: Readonly<Record<string, Shaped>> = {
  nothing: () => undefined,
  real,
  yes: reply => reply === true || Number(reply) === 1,
  stored: reply => reply !== null,
  record,
  set: (reply, form) => form === "text" ? new Set(row(reply)) : row(reply),
  pairs: (reply, form) => pairs(reply).map(([name, value]) => [nameOf(name, form), value]),
  scores,
  firstScore: reply => reply === null ? null : scores(reply)[0] ?? null,
  ranked: reply => ({ rank: row(reply, 2)[0], score: real(row(reply)[1]) }),
  keyAndElement: popped("element"),
  poppedElements: popped("elements"),
  poppedScore: (reply, form) =>
    ({ key: nameOf(row(reply, 3)[0], form), ...score(row(reply).slice(1)) }),
  poppedScores: (reply, form) =>
    ({ key: nameOf(row(reply, 2)[0], form), members: scores(row(reply)[1]!) }),
  page: reply => ({ cursor: plain(row(reply, 2)[0]), elements: row(reply)[1] }),
  fieldPage: (reply, form) =>
    ({ cursor: plain(row(reply, 2)[0]), fields: record(row(reply)[1]!, form) }),
  scorePage: reply => ({ cursor: plain(row(reply, 2)[0]), members: scores(row(reply)[1]!) }),
  position,
  place,
  matches,
  entry,
  streams,
  claimed: (reply, form) => {
    const [next, all, deleted] = row(reply, 2);
    return { next: plain(next), entries: entries(all, form), deleted: texts(deleted) };
  },
  claimedIds: reply => {
    const [next, ids, deleted] = row(reply, 2);
    return { next: plain(next), ids: texts(ids), deleted: texts(deleted) };
  },
  pending: (reply, form) => {
    const [id, consumer, idle, deliveries] = row(reply, 4);
    return { id: plain(id), consumer: nameOf(consumer, form), idle, deliveries };
  },
  pendingSummary,
  streamInfo,
  groupInfo,
  consumerInfo,
  latencySample: reply => ({ at: date(row(reply, 2)[0]), latency: row(reply)[1] }),
  latencyEvent: (reply, form) => {
    const [event, at, last, highest] = row(reply, 4);
    return { event: nameOf(event, form), at: date(at), last, highest };
  },
  slowCommand,
  time: reply => ({ seconds: whole(row(reply, 2)[0]), microseconds: whole(row(reply)[1]) }),
};

const composed = new Map<string, Shape>();

/** The shape of this name. "?" in front means that the reply may be null, "*" that it is a list; "" leaves
    the reply as it is. An error within the reply stays an error. */
export const shapeOf = (name: string): Shape => {
  if (name === "") return undefined;
  if (name === "any") return anyReply;
  let shape = composed.get(name);
  if (shape === undefined) {
    const inner = compose(name);
    shape = (reply, form) => reply instanceof Error ? reply : inner(reply, form);
    composed.set(name, shape);
  }
  return shape;
};

const compose = (name: string): Shaped => {
  if (name[0] !== "?" && name[0] !== "*") return shapes[name]!;
  const inner = compose(name.slice(1));
  return name[0] === "?" ? (reply, form) => reply === null ? null : inner(reply, form)
                         // Null is an empty list: XRANGE with COUNT 0 answers it.
                         : (reply, form) => row(reply ?? []).map(each => inner(each, form));
};
