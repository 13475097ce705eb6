// A line as words: GET "a key" 'and another'. In double quotes \n, \t, \r, \\ and \" mean what they do
// in shells of servers; in single quotes \' alone.

const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r" };

/** @throws Error that says which quote is not closed, or what follows one. */
export const wordsOf = (line: string): string[] => {
  const words: string[] = [];
  let at = 0;
  const quoted = (quote: string): string => {
    const opened = at;
    let word = "";
    for (at += 1; at < line.length; ++at) {
      const letter = line[at]!;
      if (letter === quote) {
        at += 1;
        return word;
      }
      const next = line[at + 1];
      if (letter === "\\" && next !== undefined && (quote === '"' || next === quote)) {
        word += quote === '"' ? escapes[next] ?? next : next;
        at += 1;
      } else {
        word += letter;
      }
    }
    throw new Error(`The quote ${quote} at character ${opened + 1} is never closed.`);
  };
  while (at < line.length) {
    const letter = line[at]!;
    if (/\s/.test(letter)) {
      at += 1;
    } else if (letter === '"' || letter === "'") {
      words.push(quoted(letter));
      if (at < line.length && !/\s/.test(line[at]!)) {
        throw new Error(`After the closing quote at character ${at} there has to be a space.`);
      }
    } else {
      const [word] = /^\S+/.exec(line.slice(at))!;
      words.push(word);
      at += word.length;
    }
  }
  return words;
};
