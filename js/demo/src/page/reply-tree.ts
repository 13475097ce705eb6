import type { Tree } from "../engine/commands/tree.js";
import { element } from "./element.js";
import { asCount } from "./format.js";

// A reply, drawn as nested lists.

const more = (count: number, what: string): Node[] =>
  count === 0 ? [] : [element("span", { class: "reply-more" }, `… and ${asCount(count)} more ${what}`)];

const nameOf = (kind: string, size: number): string =>
  size === 0 ? `empty ${kind}` : `${kind} of ${asCount(size)}`;

const branch = (kind: string, size: number, items: readonly Node[][]): Node[] => {
  const list = element("ul", { class: "reply-items" });
  for (const item of items) list.append(element("li", {}, ...item));
  if (items.length < size) list.append(element("li", {}, ...more(size - items.length, "")));
  const name = element("span", { class: "reply-kind" }, nameOf(kind, size));
  return size === 0 ? [name] : [name, list];
};

export const drawReply = (tree: Tree): Node[] => {
  switch (tree.kind) {
    case "array":
    case "set": return branch(tree.kind, tree.size, tree.items.map(drawReply));
    case "map": return branch("map", tree.size, tree.entries.map(([key, value]) =>
      [...drawReply(key), document.createTextNode(": "), ...drawReply(value)]));
    case "text": return [element("span", { class: "reply-text" }, tree.text === "" ? "empty text" : tree.text),
      ...more(tree.more, "characters")];
    case "bytes": return [element("span", { class: "reply-kind" }, "bytes "), element("span", {}, tree.text),
      ...more(tree.more, "bytes")];
    case "error": return [element("span", { class: "reply-error" }, `error: ${tree.text}`)];
    case "number":
    case "boolean":
    case "null": return [element("span", { class: "reply-kind" }, tree.text)];
  }
};
