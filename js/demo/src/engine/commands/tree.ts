import type { AnyReply } from "plimsoll";

// A reply as a tree that can be drawn: however large it is, so many nodes and no more.

export type Tree =
  | { readonly kind: "text" | "bytes" | "number" | "boolean" | "null" | "error"; readonly text: string;
    /** Characters or bytes that are not shown. */
    readonly more: number }
  | { readonly kind: "array" | "set"; readonly items: readonly Tree[]; readonly size: number }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Tree, Tree])[]; readonly size: number };

const itemsMax = 100;
const nodesMax = 1000;
const charactersMax = 2000;
const bytesMax = 256;

const utf8 = new TextDecoder("utf-8", { fatal: true });

const leaf = (kind: "number" | "boolean" | "null" | "error", text: string): Tree =>
  ({ kind, text, more: 0 });

// What no screen shows: control characters but for tabs and ends of lines.
const unseen = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

const ofBytes = (bytes: Uint8Array): Tree => {
  try {
    const text = utf8.decode(bytes);
    if (unseen.test(text)) throw new TypeError("no text to be read");
    const shown = text.slice(0, charactersMax);
    return { kind: "text", text: shown, more: text.length - shown.length };
  } catch {
    const shown = bytes.subarray(0, bytesMax);
    const text = Array.from(shown, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    return { kind: "bytes", text, more: bytes.length - shown.length };
  }
};

/** `reply` was asked for `as: "bytes"`. */
export const treeOf = (reply: AnyReply): Tree => {
  let nodes = 0;
  const some = <T, U>(all: Iterable<T>, draw: (one: T) => U): U[] => {
    const drawn: U[] = [];
    for (const one of all) {
      if (drawn.length === itemsMax || nodes >= nodesMax) break;
      drawn.push(draw(one));
    }
    return drawn;
  };
  const draw = (value: AnyReply): Tree => {
    nodes += 1;
    if (value === null) return leaf("null", "null");
    if (value instanceof Uint8Array) return ofBytes(value);
    if (value instanceof Error) return leaf("error", value.message);
    if (value instanceof Map) {
      return { kind: "map", size: value.size,
        entries: some(value, ([key, each]) => [draw(key), draw(each)] as const) };
    }
    if (value instanceof Set) return { kind: "set", size: value.size, items: some(value, draw) };
    if (Array.isArray(value)) return { kind: "array", size: value.length, items: some(value, draw) };
    if (typeof value === "boolean") return leaf("boolean", String(value));
    if (typeof value === "string") return ofBytes(new TextEncoder().encode(value));
    return leaf("number", String(value));
  };
  return draw(reply);
};
