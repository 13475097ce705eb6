// The replies that the naive client gets: simple strings, errors, integers. SET has no others.

export class RespReader {
  readonly #text = new TextDecoder();
  #rest = "";

  /** All replies that are complete. */
  read(data: ArrayBuffer): (string | number | Error)[] {
    const lines = (this.#rest + this.#text.decode(data, { stream: true })).split("\r\n");
    this.#rest = lines.pop()!;
    return lines.map((line) => {
      const value = line.slice(1);
      switch (line[0]) {
        case "+": return value;
        case "-": return new Error(value);
        case ":": return Number(value);
        default: throw new Error(`not a reply that SET has: ${line}`);
      }
    });
  }
}
