import type { CommandDoc } from "../engine/commands/docs.js";
import type { Suggestion } from "./combobox.js";

// Which commands a line may mean, and what the one in it takes.

const suggestionsMax = 12;

const folded = (line: string): string => line.trimStart().replace(/\s+/g, " ").toUpperCase();

export class Completion {
  readonly #docs: readonly CommandDoc[];

  constructor(docs: readonly CommandDoc[]) { this.#docs = docs; }

  /** Commands whose name begins as the line does. */
  suggest(line: string): readonly Suggestion[] {
    const start = folded(line);
    if (start === "") return [];
    return this.#docs.filter(({ name }) => name.startsWith(start))
      .slice(0, suggestionsMax)
      .map(({ name, syntax }) => ({ value: name, note: syntax }));
  }

  /** The command that the line begins with: "CONFIG GET" for "config get maxmemory". */
  commandOf(line: string): CommandDoc | undefined {
    const start = `${folded(line)} `;
    return this.#docs.filter(({ name }) => start.startsWith(`${name} `)).at(-1);
  }
}
