// Reads the table of commands. tools/commands/ts_table.py describes the format of its lines.

/** The table as the generator writes it. */
export interface Table {
  readonly rows: string;
  /** The arguments that groups and choices consist of. */
  readonly types: string;
  readonly enums: string;
}

/** An argument of a command, or a word that the command always has. */
export interface Node {
  readonly mark: string;
  readonly kind: string;
  readonly name: string;
  /** The word in front of the argument; for a list, with `each`, in front of each item. */
  readonly token: string | undefined;
  readonly each: boolean;
  readonly minimum: number | undefined;
  readonly fallback: string | undefined;
  /** The arguments inside a group or a choice. */
  readonly inner: readonly Node[];
  /** For an enum: the server's name of each word. */
  readonly words: Readonly<Record<string, string>>;
}

/** A method, or one of its forms. */
export interface Row {
  readonly name: string;
  readonly words: readonly string[];
  readonly shape: string;
  /** The arguments, in the order of the wire. */
  readonly nodes: string;
}

const piece = new RegExp([
  /([*?+]?)([A-Za-z!])([\w-]*)/,  // mark, kind and name
  /(?::([^ >@(]*?)(\*?)(?=[ >@=()]|$))?/,  // token, and whether it comes before each
  /(?:>(\d+))?(?:=([^ ()]+))?(?:@(\d+))?/,  // minimum, default and type
  /(\(?)/,  // what is inside follows
].map(each => each.source).join(""), "y");

/** Parses the arguments of lines, and keeps the results that many lines share. */
export class Parts {
  readonly #enums: readonly string[];
  readonly #types: readonly string[];
  readonly #made = new Map<string, readonly Node[]>();

  constructor({ types, enums }: Table) {
    this.#types = types.split("\n");
    this.#enums = enums.split("\n");
  }

  /** The arguments that a line describes. */
  nodes(line: string): readonly Node[] {
    let nodes = this.#made.get(line);
    if (nodes === undefined) {
      nodes = this.#read(line, { at: 0 });
      this.#made.set(line, nodes);
    }
    return nodes;
  }

  #read(line: string, place: { at: number }): readonly Node[] {
    const nodes: Node[] = [];
    while (place.at < line.length && line[place.at] !== ")") {
      piece.lastIndex = place.at;
      const found = piece.exec(line) as (string | undefined)[] & RegExpExecArray;
      place.at = piece.lastIndex;
      const [, mark, kind, name, token, each, minimum, fallback, type, opened] = found;
      let inner: readonly Node[] = [];
      if (opened) {
        inner = this.#read(line, place);
        ++place.at;
      } else if (type !== undefined && kind !== "e") {
        inner = this.nodes(this.#types[Number(type)]!);
      }
      nodes.push({
        mark: mark!, kind: kind!, name: name!, token, each: each === "*",
        minimum: minimum === undefined ? undefined : Number(minimum), fallback, inner,
        words: kind === "e" ? words(this.#enums[Number(type)]!) : {},
      });
      if (line[place.at] === " ") ++place.at;
    }
    return nodes;
  }
}

const words = (line: string): Record<string, string> => {
  const found: Record<string, string> = Object.create(null);
  for (const each of line.split(" ")) {
    const [word, token = word] = each.split(":") as [string, string?];
    found[token === word ? word.toLowerCase() : word] = token!;
  }
  return found;
};

/** Parses a line of the table. */
export const readRow = (line: string): Row => {
  const [name, given, shape, nodes] = line.split("|") as [string, string, string, string];
  const words = (given || name.replace(/[A-Z]/g, " $&")).toUpperCase().split(" ");
  return { name, words, shape, nodes };
};
