import type { CallOptions, Sender, Shape, Word } from "./call.js";
import { areCallOptions, checkNames } from "./call-options.js";
import { described } from "./problem.js";
import { isWord, put, putEither, sizeOf } from "./put.js";
import { shapeOf } from "./shapes.js";
import { type Node, Parts, type Row, type Table, readRow } from "./table.js";

// Makes the methods for commands out of the table. A method is made when it is first called, since most
// programs call few of them.

type Method = (this: Sender, ...args: any[]) => Promise<unknown>;
type Options = CallOptions & Record<string, unknown>;

const none: Options = {};

/** One form of a method. Turns arguments into the words of a command. */
class Form {
  readonly name: string;
  readonly words: readonly string[];
  readonly shape: Shape;
  readonly nodes: readonly Node[];
  /** The number of arguments before the options. */
  readonly arity: number;
  /** The place of each node among the arguments; -1 if it is an option, or no argument. */
  readonly #places: readonly number[];
  /** The names of the options of all forms of the method. */
  readonly options: Set<string>;
  /** The option that chooses this form, if there is one. */
  readonly pickedBy: string | undefined;

  constructor(row: Row, nodes: readonly Node[]) {
    this.name = row.name;
    this.words = row.words;
    this.shape = shapeOf(row.shape);
    this.nodes = nodes;
    const places = nodes.map(() => -1);
    let arity = 0;
    for (const mark of ["", "*"]) {
      nodes.forEach((node, index) => {
        if (node.mark === mark && node.kind !== "!" && node.kind !== "n") places[index] = arity++;
      });
    }
    this.arity = arity;
    this.#places = places;
    this.options = new Set(nodes.filter(({ mark }) => mark === "?" || mark === "+")
      .flatMap(({ kind, name, inner }) => kind === "x" ? inner.map(each => each.name) : [name]));
    this.pickedBy = nodes.find(({ mark }) => mark === "+")?.name;
  }

  /** The words for these arguments. Throws a TypeError for an invalid argument. */
  encode(args: readonly unknown[]): Word[] {
    if (args.length > this.arity + 1) {
      throw new TypeError(`got ${args.length} arguments; give ${this.#signature()}`);
    }
    const options = this.#checked(args[this.arity]);
    const words: Word[] = this.words.slice();
    for (let index = 0; index < this.nodes.length; ++index) {
      const node = this.nodes[index]!;
      const place = this.#places[index]!;
      if (node.kind === "n") words.push(String(sizeOf(args[this.#places[index + 1]!])));
      else if (node.kind === "!") words.push(node.name);
      else if (place >= 0) {
        if (node.mark === "" || args[place] !== undefined) put(words, node, node.name, args[place]);
      } else if (node.kind === "x") {
        putEither(words, node, options);
      } else {
        const given = options[node.name] === undefined ? node.fallback : options[node.name];
        if (given !== undefined) put(words, node, node.name, given);
      }
    }
    return words;
  }

  #checked(options: unknown): Options {
    if (options === undefined) return none;
    if (!isObject(options)) {
      throw new TypeError(`options: got ${described(options)}; give ${this.#signature()}`);
    }
    checkNames(options, this.options);
    return options as Options;
  }

  #signature(): string {
    const named = this.nodes.filter((_, index) => this.#places[index]! >= 0);
    const names = named.map(node => node.mark === "" ? node.name : `${node.name}?`);
    const inside = [...this.options].join(", ");
    return `(${[...names, inside === "" ? "options?" : `{ ${inside} }`].join(", ")})`;
  }
}

const refused = (sender: Sender, name: string, error: unknown): Promise<never> => {
  if (error instanceof TypeError) error.message = `${name}: ${error.message}`;
  return sender.refuseWords(error);
};

const general = (forms: readonly Form[]): Method => function (...args) {
  const last = args.at(-1) as Options | undefined;
  let form = forms[0]!;
  let words: Word[];
  try {
    form = forms.find(({ pickedBy }) => pickedBy !== undefined
      && typeof last === "object" && last?.[pickedBy] !== undefined) ?? form;
    words = form.encode(args);
  } catch (error) {
    return refused(this, form.name, error);
  }
  return this.sendWords(words, form.shape, args[form.arity] as CallOptions | undefined);
};

const isMissing = (options: unknown): boolean => options === undefined;

const isObject = (options: unknown): boolean =>
  typeof options === "object" && options !== null && !Array.isArray(options)
    && !ArrayBuffer.isView(options);

// What throws here (a Proxy, a getter) throws again on the slow path, where it is caught.
const isMissingOrKnown = (options: unknown): boolean => {
  if (options === undefined) return true;
  try {
    return isObject(options) && areCallOptions(options as object);
  } catch {
    return false;
  }
};

// The fast path for calls whose arguments are all strings, as most are: allocates only the array of words.
// A call with options of the command itself takes the slow path.
const scalars = (form: Form, slow: Method): Method => {
  const { shape, arity, options } = form;
  const head = form.words[0]!;
  const fits = options.size > 0 ? isMissing : isMissingOrKnown;
  if (arity === 1) {
    return function (a, options) {
      if (!isWord(a) || !fits(options)) return slow.call(this, a, options);
      return this.sendWords([head, a], shape, options);
    };
  }
  if (arity === 2) {
    return function (a, b, options) {
      if (!isWord(a) || !isWord(b) || !fits(options)) return slow.call(this, a, b, options);
      return this.sendWords([head, a, b], shape, options);
    };
  }
  return function (a, b, c, options) {
    if (!isWord(a) || !isWord(b) || !isWord(c) || !fits(options)) {
      return slow.call(this, a, b, c, options);
    }
    return this.sendWords([head, a, b, c], shape, options);
  };
};

// Writes the words behind `head` if they are words, all of them.
const listed = (head: readonly Word[], list: unknown): Word[] | undefined => {
  try {
    if (!Array.isArray(list) || list.length === 0) return undefined;
    const words = new Array<Word>(head.length + list.length);
    for (let place = 0; place < head.length; ++place) words[place] = head[place]!;
    for (let place = 0; place < list.length; ++place) {
      const each: unknown = list[place];
      if (!isWord(each)) return undefined;
      words[head.length + place] = each;
    }
    return words;
  } catch {
    return undefined;
  }
};

const lists = (form: Form, slow: Method): Method => {
  const { shape } = form;
  const head = form.words[0]!;
  if (form.arity === 1) {
    return function (list, options) {
      const words = isMissingOrKnown(options) ? listed([head], list) : undefined;
      if (words === undefined) return slow.call(this, list, options);
      return this.sendWords(words, shape, options);
    };
  }
  return function (key, list, options) {
    const words = isWord(key) && isMissingOrKnown(options) ? listed([head, key], list) : undefined;
    if (words === undefined) return slow.call(this, key, list, options);
    return this.sendWords(words, shape, options);
  };
};

const made = (forms: readonly Form[]): Method => {
  for (const form of forms) {
    for (const other of forms) for (const name of other.options) form.options.add(name);
  }
  const slow = general(forms);
  const form = forms[0]!;
  const given = form.nodes.filter(({ mark }) => mark === "");
  if (forms.length > 1 || form.words.length > 1) return slow;
  if (form.nodes.some(({ mark, fallback }) => mark === "*" || fallback !== undefined)) return slow;
  const kinds = given.map(({ kind, token }) => token === undefined ? kind : "-").join("");
  if (/^[kv]{1,3}$/.test(kinds)) return scalars(form, slow);
  return /^[kv]?[KV]$/.test(kinds) && form.nodes.length === given.length ? lists(form, slow) : slow;
};

/** Adds a method to `prototype` for each name in the table. */
export const install = (prototype: Sender, table: Table): void => {
  const parts = new Parts(table);
  const byName = new Map<string, string[]>();
  for (const line of table.rows.split("\n")) {
    const name = line.slice(0, line.indexOf("|"));
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [line]);
    else known.push(line);
  }
  const define = (name: string, value: Method): void => {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  };
  for (const [name, lines] of byName) {
    define(name, function (...args) {
      const method = made(lines.map(readRow).map(row => new Form(row, parts.nodes(row.nodes))));
      define(name, method);
      return method.apply(this, args);
    });
  }
};
