// Arguments that a row's command may have: all that it must have, or all that it can have.

/** How everything that names a key begins. */
export const keyMark = "key:";

const scalar = (node, isFull) => {
  switch (node.kind) {
    case "k": case "K": return keyMark + node.name;
    case "v": case "V": return `some-${node.name}`;
    case "i": case "I": return Math.max(node.minimum ?? 1, 1);
    case "r": case "R": return 1.5;
    case "b": return isFull ? { exclusive: 1.5 } : 0;
    case "e": return Object.keys(node.words).at(isFull ? -1 : 0);
    case "d": case "D": return isFull ? new Date(1_700_000_000_000) : 1_700_000_000;
    case "w": case "W": return 0;
    case "f": return true;
    default: throw new Error(`no scalar: ${node.kind}`);
  }
};

const fields = (nodes, isFull) => Object.fromEntries(nodes
  .filter(({ kind, mark }) => kind !== "!" && (isFull || mark === ""))
  .map(node => [node.name, plausible(node, isFull)]));

const choice = (node, isFull) => {
  const one = node.inner.at(isFull ? -1 : 0);
  const given = one.inner.filter(({ kind }) => kind !== "!");
  if (given.length === 0) return one.name;
  const inside = fields(one.inner, isFull);
  const isAlone = given.length === 1 && given[0].mark === "";
  return { [one.name]: isAlone ? inside[given[0].name] : inside };
};

const plausible = (node, isFull) => {
  if (node.kind === "P" || node.kind === "S") {
    const mark = node.kind === "S" || node.name === "pairs" ? keyMark : "";
    return isFull ? new Map([[`${mark}a`, "1"], [`${mark}b`, 2n]]) : { [`${mark}a`]: "1" };
  }
  if (node.kind === "g") return fields(node.inner, isFull);
  if (node.kind === "c") return choice(node, isFull);
  if (!/^[KVIRGC]$/.test(node.kind)) return scalar(node, isFull);
  const item = node.kind === "G" ? fields(node.inner, isFull)
    : node.kind === "C" ? choice(node, isFull) : scalar(node, isFull);
  return isFull ? [item, item] : item;
};

const optionsOf = (node, isFull) => {
  if (node.kind !== "x") return { [node.name]: plausible(node, isFull) };
  return { [node.inner[0].name]: plausible(node.inner[0], isFull) };
};

/** The arguments of one call. */
export const plausibleArguments = (nodes, isFull) => {
  const given = nodes.filter(({ kind }) => kind !== "!" && kind !== "n");
  const args = given.filter(({ mark }) => mark === "").map(node => plausible(node, isFull));
  const late = given.filter(({ mark }) => mark === "*");
  args.push(...late.map(node => isFull ? plausible(node, isFull) : undefined));
  const named = given.filter(({ mark }) => mark === "+" || (mark === "?" && isFull));
  const options = Object.assign({}, ...named.map(node => optionsOf(node, isFull)));
  return Object.keys(options).length === 0 ? args : [...args, options];
};
