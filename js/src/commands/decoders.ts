import { decodeText } from "../core/decode.js";
import { DecodeError } from "../errors.js";
import { type As, type Decoder, type Raw, type Shape, type StringForm, anyReply } from "./call.js";

// How the strings of a reply become what the option `as` asks for.

/** @internal Where the values are in a reply that has no shape of its own: all strings are values; fields and
    values take turns, or are pairs; or such a list lies behind a cursor. */
export type Layout = "values" | "fields" | "page";

/** @internal What the caller wants of the strings of a reply. */
export interface Wish {
  readonly form: StringForm;
  /** Is called with each value; undefined leaves values as they are. */
  readonly decode: Decoder | undefined;
  readonly layout?: Layout | undefined;
}

/** @internal What of a reply a codec decodes. */
export interface Unpacking {
  decode(stored: Uint8Array): Uint8Array;
  readonly layout: Layout;
}

const text: Wish = { form: "text", decode: undefined };
const bytes: Wish = { form: "bytes", decode: undefined };

const parseJson: Decoder = (stored) => {
  const words = decodeText(stored);
  try {
    return JSON.parse(words) as unknown;
  } catch (error) {
    // What JSON.parse() says has a piece of the value in it.
    throw new DecodeError("not_json",
      `the reply has a value of ${stored.length} bytes that is not JSON: ask for it without as: "json"`,
      "yes", { cause: error });
  }
};

const json: Wish = { form: "values", decode: parseJson };

/** @internal What `as` asks for. `unpacking`, if there is one, decodes each value before. */
export const wishOf = (as: As | undefined, unpacking?: Unpacking): Wish => {
  if (unpacking === undefined) {
    if (as === undefined || as === "text") return text;
    if (as === "bytes") return bytes;
    return as === "json" ? json : { form: "values", decode: as };
  }
  const { decode: unpack, layout } = unpacking;
  if (as === "bytes") return { form: "bytes", decode: unpack, layout };
  const decode = typeof as === "function" ? as : as === "json" ? parseJson : decodeText;
  return { form: "values", decode: (stored) => decode(unpack(stored)), layout };
};

/** @internal The name of a key, field, channel or consumer in a reply. */
export const nameOf = (reply: Raw | undefined, form: StringForm): Raw =>
  form === "values" && reply instanceof Uint8Array ? decodeText(reply) : reply!;

const isPair = (value: unknown): value is [Uint8Array, unknown] =>
  Array.isArray(value) && value.length === 2 && value[0] instanceof Uint8Array;

/** Replaces each value in a reply that has its shape. */
const decoded = (value: unknown, decode: Decoder, form: StringForm): unknown => {
  const inner = (each: unknown): unknown => decoded(each, decode, form);
  if (value instanceof Uint8Array) return decode(value);
  if (Array.isArray(value)) {
    // Only in the form "bytes" are names bytes beside their values.
    return value.map((each) => form === "bytes" && isPair(each) ? [each[0], inner(each[1])] : inner(each));
  }
  if (value instanceof Map) {
    return new Map([...value].map(([name, each]) => [nameOf(name as Raw, form), inner(each)]));
  }
  if (value instanceof Set) return new Set([...value].map(inner));
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;  // a Date, an Error
  for (const [name, each] of Object.entries(value)) {
    // A field called __proto__ is a property of its own already.
    Object.defineProperty(value, name, { value: inner(each) });
  }
  return value;
};

/** Does the same where fields and values take turns, or are pairs. */
const decodedFields = (reply: unknown, decode: Decoder, form: StringForm): unknown => {
  if (!Array.isArray(reply)) return decoded(reply, decode, form);
  return reply.map((each: Raw, at) => {
    if (Array.isArray(each)) return decodedFields(each, decode, form);
    return at % 2 === 0 ? nameOf(each, form) : decoded(each, decode, form);
  });
};

/** @internal A reply as the caller wants it. */
export const asWished = (reply: Raw, shape: Shape, { form, decode, layout }: Wish): unknown => {
  const shaped = shape === undefined ? reply : shape(reply, form);
  if (decode === undefined) return shaped;
  if (shape !== anyReply || layout === undefined || layout === "values") return decoded(shaped, decode, form);
  if (layout === "fields" || !Array.isArray(shaped)) return decodedFields(shaped, decode, form);
  const [cursor, fields] = shaped as [Raw, unknown];
  return [nameOf(cursor, form), decodedFields(fields, decode, form)];
};
