import { readFileSync } from "node:fs";

// What the server said of its commands.

const data = new URL("../../../core/commands/data/commands.json", import.meta.url);

/** By name: "CONFIG|GET". */
export const served = new Map(JSON.parse(readFileSync(data, "utf8")).commands
  .map(each => [each.name, each]));

const firstOf = ({ begin }, words) => {
  if (begin.type === "index") return begin.index;
  const from = begin.startfrom < 0 ? words.length + begin.startfrom : begin.startfrom;
  const step = begin.startfrom < 0 ? -1 : 1;
  for (let at = from; at > 0 && at < words.length; at += step) {
    if (words[at] === begin.keyword) return at + 1;
  }
  return -1;
};

function* found({ find }, words, first) {
  if (find.type === "range") {
    let last = find.lastkey >= 0 ? first + find.lastkey : words.length + find.lastkey;
    if (find.limit > 1) last = first + Math.floor((words.length - first) / find.limit) - 1;
    for (let at = first; at <= last; at += find.keystep) yield at;
  } else if (find.type === "keynum") {
    const count = Number(words[first + find.keynumidx]);
    for (let each = 0; each < count; ++each) yield first + find.firstkey + each * find.keystep;
  }
}

/** Where the keys are in these words, as the server looks for them. */
export const keyPlaces = (command, words) => {
  const places = new Set();
  for (const spec of command.key_specs ?? []) {
    if (spec.begin.type === "unknown" || spec.flags.includes("not_key")) continue;
    const first = firstOf(spec, words);
    if (first > 0) for (const at of found(spec, words, first)) places.add(at);
  }
  return [...places].sort((a, b) => a - b);
};
