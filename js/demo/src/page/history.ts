// Lines that were asked, to be called back by arrows: the newest first.

const linesMax = 100;

export class LineHistory {
  #lines: string[] = [];
  #at = -1;
  #draft = "";

  add(line: string): void {
    this.#lines = [line, ...this.#lines.filter((known) => known !== line)].slice(0, linesMax);
    this.#at = -1;
  }

  /** The line before the one that is shown, if there is one; `draft` is what was being typed. */
  older(draft: string): string | undefined {
    if (this.#at + 1 >= this.#lines.length) return undefined;
    if (this.#at < 0) this.#draft = draft;
    this.#at += 1;
    return this.#lines[this.#at];
  }

  newer(): string | undefined {
    if (this.#at < 0) return undefined;
    this.#at -= 1;
    return this.#at < 0 ? this.#draft : this.#lines[this.#at];
  }
}
