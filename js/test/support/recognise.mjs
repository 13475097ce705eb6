// From words back to the arguments of a method: what the encoder does, the other way round. It
// knows no more than the table, so what it finds is tried: the words must come out again.

const isNumber = /^-?(\d+\.?\d*(e[-+]?\d+)?|inf)$/i;

const numberOf = word => /inf$/i.test(word) ? (word[0] === "-" ? -Infinity : Infinity)
                                            : Number(word);

const integerOf = word => Number.isSafeInteger(Number(word)) ? Number(word) : BigInt(word);

const scalar = (node, word) => {
  switch (node.kind.toLowerCase()) {
    case "k": case "v": case "b": return word;
    case "i": case "d": return /^-?\d+$/.test(word) ? integerOf(word) : undefined;
    case "w": case "r": return isNumber.test(word) ? numberOf(word) : undefined;
    case "e": return Object.keys(node.words)
      .find(each => node.words[each].toUpperCase() === word.toUpperCase());
    default: throw new Error(`no scalar: ${node.kind}`);
  }
};

const isAt = (words, at, token) => words[at]?.toUpperCase() === token;

/** [value, where what follows begins], for each way to read a node here. */
function* values(node, words, at) {
  const { kind, token } = node;
  if (kind === "!") {
    if (isAt(words, at, node.name)) yield [undefined, at + 1];
  } else if (kind === "n") {
    if (/^\d+$/.test(words[at] ?? "")) yield [undefined, at + 1];
  } else if (kind === "x") {
    for (const one of node.inner) {
      for (const [value, next] of values(one, words, at)) yield [{ [one.name]: value }, next];
    }
  } else if (token !== undefined && !node.each) {
    if (!isAt(words, at, token)) return;
    if (kind === "f") yield [true, at + 1];
    else yield* values({ ...node, token: undefined }, words, at + 1);
  } else if ("KVIRPSGC".includes(kind)) {
    yield* lists(node, words, at);
  } else if (kind === "g") {
    for (const [fields, next] of sequences(node.inner, words, at)) yield [fields, next];
  } else if (kind === "c") {
    yield* choices(node, words, at);
  } else if (at < words.length) {
    const value = scalar(node, words[at]);
    if (value !== undefined) yield [value, at + 1];
  }
}

function* choices(node, words, at) {
  for (const one of node.inner) {
    if (one.token !== undefined && !isAt(words, at, one.token)) continue;
    const fields = one.inner.filter(({ kind }) => kind !== "!");
    for (const [found, next] of sequences(one.inner, words, at + (one.token ? 1 : 0))) {
      const isAlone = fields.length === 1 && fields[0].mark === "";
      const inside = isAlone ? found[fields[0].name] : found;
      yield [fields.length === 0 ? one.name : { [one.name]: inside }, next];
    }
  }
}

function* items(node, words, at) {
  if (node.each && !isAt(words, at++, node.token)) return;
  if (node.kind === "C") return yield* choices(node, words, at);
  if (node.kind === "G") return yield* sequences(node.inner, words, at);
  if (node.kind === "P") {
    if (at + 2 <= words.length) yield [[words[at], words[at + 1]], at + 2];
  } else if (at < words.length) {
    const value = scalar(node, words[at]);
    if (value !== undefined) yield [value, at + 1];
  }
}

function* lists(node, words, at) {
  if (node.kind === "S") {
    const size = (words.length - at) / 2;
    const names = words.slice(at, at + size);
    yield [names.map((name, place) => [name, words[at + size + place]]), words.length];
    return;
  }
  for (const [item, next] of items(node, words, at)) {
    for (const [others, end] of lists(node, words, next)) yield [[item, ...others], end];
    yield [[item], next];
  }
}

/** [what is given by name, where what follows begins], for each way to read nodes one by one. */
export function* sequences(nodes, words, at = 0) {
  if (nodes.length === 0) return yield [{}, at];
  const [node, ...others] = nodes;
  for (const [value, next] of values(node, words, at)) {
    for (const [found, end] of sequences(others, words, next)) {
      const own = node.kind === "x" ? value : value === undefined ? {} : { [node.name]: value };
      yield [{ ...own, ...found }, end];
    }
  }
  if (node.mark !== "" && node.mark !== "+") yield* sequences(others, words, at);
}

/** Arguments for each way to read all of the words. */
export function* calls(nodes, words) {
  const given = nodes.filter(({ kind }) => kind !== "!" && kind !== "n");
  const positional = [...given.filter(({ mark }) => mark === ""),
    ...given.filter(({ mark }) => mark === "*")];
  for (const [found, end] of sequences(nodes, words)) {
    if (end !== words.length) continue;
    const args = positional.map(({ name }) => found[name]);
    const options = { ...found };
    for (const { name } of positional) delete options[name];
    yield Object.keys(options).length === 0 ? args : [...args, options];
  }
}
