import { isBytes } from "../core/sizes.js";
import type { Word } from "./call.js";
import { described, refuse } from "./problem.js";
import type { Node } from "./table.js";

// Turns arguments into words. An invalid argument throws a TypeError that names it.

/** Whether a value can be sent as it is. Not by instanceof, which throws for a Proxy that was revoked, and
    does not know the Uint8Array of another realm. */
export const isWord = (value: unknown): value is Word =>
  typeof value === "string" || isBytes(value);

const largest = 2n ** 63n - 1n;

/** A value as it is sent; `name` is what the message calls it. */
export const text = (name: string, value: unknown): Word => {
  if (isWord(value)) return value;
  if (typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value))) {
    return String(value);
  }
  return refuse(name, value, "a string, Uint8Array, finite number or bigint");
};

const key = (name: string, value: unknown): Word =>
  isWord(value) ? value : refuse(name, value, "a string or Uint8Array");

const integer = (name: string, value: unknown, minimum?: number): string => {
  const fits = typeof value === "bigint" ? value <= largest && value >= -largest - 1n
                                         : Number.isSafeInteger(value);
  if (fits && (minimum === undefined || (value as number | bigint) >= minimum)) {
    return String(value);
  }
  return refuse(name, value, "a safe integer or a bigint of 64 bits"
    + (minimum === undefined ? "" : `, ${minimum} or more`));
};

const real = (name: string, value: unknown): string => {
  if (typeof value !== "number" || Number.isNaN(value)) refuse(name, value, "a number");
  return value === Infinity ? "inf" : value === -Infinity ? "-inf" : String(value);
};

const bound = (name: string, value: unknown): Word => {
  if (typeof value === "number") return real(name, value);
  if (typeof value === "object" && value !== null && "exclusive" in value) {
    return "(" + real(`${name}.exclusive`, value.exclusive);
  }
  if (isWord(value) || typeof value === "bigint") return text(name, value);
  return refuse(name, value, "a number, a string such as \"-inf\", or { exclusive: number }");
};

const moment = (name: string, value: unknown, unit: number): string => {
  if (!(value instanceof Date)) return integer(name, value);
  const time = Math.floor(value.getTime() / unit);
  return Number.isNaN(time) ? refuse(name, value, "a Date that is valid") : String(time);
};

const wait = (name: string, value: unknown, allowed: string, fits: boolean): string =>
  fits ? String(value) : refuse(name, value, allowed);

const word = (node: Node, name: string, value: unknown): string => {
  const token = typeof value === "string" ? node.words[value] : undefined;
  return token ?? refuse(name, value,
    "one of " + Object.keys(node.words).map(each => `"${each}"`).join(", "));
};

const scalar = (node: Node, name: string, value: unknown): Word => {
  switch (node.kind.toLowerCase()) {
    case "k": return key(name, value);
    case "v": return text(name, value);
    case "i": return integer(name, value, node.minimum);
    case "r": return real(name, value);
    case "b": return bound(name, value);
    case "e": return word(node, name, value);
    case "d": return moment(name, value, node.kind === "d" ? 1000 : 1);
    default: return node.kind === "w"
      ? wait(name, value, "seconds, 0 or more", Number.isFinite(value) && (value as number) >= 0)
      : integer(name, value, 0);
  }
};

// ---- Lists

/** The items of an argument that may be a list, a Set or one value. */
const listed = (name: string, value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  if (value instanceof Set) return [...value];
  return value === null || value === undefined ? refuse(name, value, "one or several") : [value];
};

const paired = (name: string, value: unknown): readonly (readonly [unknown, unknown])[] => {
  if (value instanceof Map) return [...value];
  if (Array.isArray(value)) {
    value.forEach((pair, place) => {
      if (Array.isArray(pair) && pair.length === 2) return;
      refuse(`${name}[${place}]`, pair, "an array of two");
    });
    return value;
  }
  if (typeof value !== "object" || value === null || isWord(value) || value instanceof Set) {
    refuse(name, value, "an object, a Map, or an array of pairs");
  }
  return Object.entries(value as object);
};

const items = (node: Node, name: string, value: unknown): readonly unknown[] =>
  node.kind === "P" || node.kind === "S" ? paired(name, value) : listed(name, value);

const putPair = (words: Word[], name: string, [first, second]: readonly unknown[]): void => {
  words.push(text(name, first));
  if (isWord(second)) words.push(second);
  else words.push(text(typeof first === "string" ? `${name}.${first}` : name, second));
};

const putList = (words: Word[], node: Node, name: string, value: unknown): void => {
  const all = items(node, name, value);
  if (all.length === 0) {
    if (node.mark === "") refuse(name, value, "one or more");
    return;
  }
  if (node.token !== undefined && !node.each) words.push(node.token);
  if (node.kind === "S") {
    for (const [first] of all as [unknown][]) words.push(text(name, first));
    for (const [, second] of all as [unknown, unknown][]) words.push(text(name, second));
    return;
  }
  for (let place = 0; place < all.length; ++place) {
    if (node.each) words.push(node.token!);
    const item = all[place];
    if (isWord(item) && (node.kind === "K" || node.kind === "V")) {
      words.push(item);
      continue;
    }
    const here = all.length > 1 && node.kind !== "P" ? `${name}[${place}]` : name;
    if (node.kind === "P") putPair(words, name, item as unknown[]);
    else if (node.kind === "G") putGroup(words, node, here, item);
    else if (node.kind === "C") putChoice(words, node, here, item);
    else words.push(scalar(node, here, item));
  }
};

/** The number of items of a list, for the word in front of it (numkeys). */
export const sizeOf = (value: unknown): number => {
  if (value === undefined) return 0;
  return Array.isArray(value) ? value.length : value instanceof Set ? value.size : 1;
};

// ---- Groups and choices

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isWord(value);

const putGroup = (words: Word[], node: Node, name: string, value: unknown): void => {
  const [first, ...others] = node.inner as [Node, ...Node[]];
  const isShort = node.kind === "g" && first.mark === "" && others.every(({ mark }) => mark !== "");
  if (isShort && !isPlain(value)) return put(words, first, `${name}.${first.name}`, value);
  if (!isPlain(value)) {
    refuse(name, value, `{ ${node.inner.map(each => each.name).join(", ")} }`);
  }
  putFields(words, node.inner, name, value as Record<string, unknown>);
};

const putFields = (
  words: Word[], fields: readonly Node[], name: string, value: Record<string, unknown>,
): void => {
  for (const field of fields) {
    const given = value[field.name];
    if (field.mark === "" || given !== undefined) put(words, field, `${name}.${field.name}`, given);
  }
};

const fieldsOf = (alternative: Node): Node[] => alternative.inner.filter(each => each.kind !== "!");

const shownAlternative = (node: Node): string =>
  fieldsOf(node).length === 0 ? `"${node.name}"` : `{ ${node.name} }`;

const countOf = (fields: Record<string, unknown>): number =>
  Object.values(fields).filter(each => each !== undefined).length;

const putChoice = (words: Word[], node: Node, name: string, value: unknown): void => {
  for (const one of node.inner) {
    const fields = fieldsOf(one);
    const isChosen = fields.length === 0 ? value === one.name
      : isPlain(value) && value[one.name] !== undefined && countOf(value) === 1;
    if (!isChosen) continue;
    if (one.token !== undefined) words.push(one.token);
    const inside = fields.length === 0 ? {} : (value as Record<string, unknown>)[one.name];
    if (fields.length === 1 && fields[0]!.mark === "") {
      return put(words, fields[0]!, `${name}.${one.name}`, inside);
    }
    if (!isPlain(inside)) {
      refuse(`${name}.${one.name}`, inside, `{ ${fields.map(each => each.name).join(", ")} }`);
    }
    return putFields(words, one.inner, `${name}.${one.name}`, inside as Record<string, unknown>);
  }
  refuse(name, value, "one of " + node.inner.map(shownAlternative).join(", "));
};

// ---- Any

/** Appends the words of one argument; `name` is its name in errors. */
export const put = (words: Word[], node: Node, name: string, value: unknown): void => {
  const { kind, token } = node;
  if (kind === "!") return void words.push(node.name);
  if (kind === "f") {
    if (typeof value !== "boolean") refuse(name, value, "true or false");
    if (value) words.push(token!);
    return;
  }
  if (kind >= "A" && kind <= "Z" && kind !== "D" && kind !== "W") {
    return putList(words, node, name, value);
  }
  if (token !== undefined) words.push(token);
  if (kind === "g") return putGroup(words, node, name, value);
  if (kind === "c") return putChoice(words, node, name, value);
  words.push(scalar(node, name, value));
};

/** Appends the words of several options of which at most one may be given. */
export const putEither = (
  words: Word[], node: Node, options: Record<string, unknown>,
): void => {
  let given: Node | undefined;
  for (const each of node.inner) {
    const value = options[each.name];
    if (value === undefined || value === false) continue;
    if (given !== undefined) {
      throw new TypeError(`${given.name}: got ${described(options[given.name])} with `
        + `${each.name}; give one of ${node.inner.map(({ name }) => name).join(", ")}`);
    }
    given = each;
    put(words, each, each.name, value);
  }
};
