import { PlimsollError } from "plimsoll";

// What became of many requests, counted as a caller's code would tell them apart.

export interface Outcome {
  /** "reply", the class of the error, or what else callers got. */
  readonly name: string;
  /** Of an error: whether the server may have run it. */
  readonly executed: string | undefined;
  readonly count: number;
  /** The words of the first such error. */
  readonly text: string | undefined;
}

export class Outcomes {
  readonly #counted = new Map<string, { -readonly [Key in keyof Outcome]: Outcome[Key] }>();

  reply(): void { this.#count("reply", undefined, undefined); }

  error(error: unknown): void {
    const { name, message } = error as Error;
    const executed = error instanceof PlimsollError ? error.executed : undefined;
    this.#count(name, executed, message);
  }

  /** Waits for the request and counts it; returns its error, if that is what came. */
  async of(request: Promise<unknown>): Promise<unknown> {
    try {
      await request;
      this.reply();
      return undefined;
    } catch (error) {
      this.error(error);
      return error;
    }
  }

  /** Something else that callers got so often. */
  others(name: string, count: number): void {
    if (count > 0) this.#counted.set(name, { name, count, executed: undefined, text: undefined });
  }

  list(): readonly Outcome[] { return [...this.#counted.values()]; }

  #count(name: string, executed: string | undefined, text: string | undefined): void {
    const key = `${name} ${executed}`;
    const known = this.#counted.get(key);
    if (known === undefined) this.#counted.set(key, { name, executed, count: 1, text });
    else known.count += 1;
  }
}
