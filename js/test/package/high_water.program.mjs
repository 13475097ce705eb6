// Sends and reads values of random sizes on one memory line, and prints what it took: one JSON object.
// A process of its own, because a process has one line.
//
//   node high_water.program.mjs ADDRESS MEBIBYTES ROUNDS SEED

import { Client, ClientSideCache, configure, getMemoryStatistics } from "plimsoll";

const [address, mebibytes, rounds, seed] = process.argv.slice(2);
const line = Number(mebibytes) * 1024 ** 2;

// https://en.wikipedia.org/wiki/Linear_congruential_generator, with the numbers of Numerical Recipes.
let state = Number(seed);
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const below = (count) => Math.floor(random() * count);
const size = () => Math.floor(line * random() ** 4);

// Letters of one to four bytes, so that some lie across the end of a segment.
const letters = ["a", "\u00e9", "\u6f22", "\u{1f600}"];
const text = () => {
  const unit = Array.from({ length: 61 }, () => letters[below(4)]).join("");
  return unit.repeat(Math.ceil(size() / (2.5 * unit.length)));
};
const bytes = () => new Uint8Array(size()).fill(below(256));

const counts = { done: 0, wrong: 0 };
const refused = {};

const ended = async (request, isRight) => {
  try {
    if (isRight(await request)) ++counts.done;
    else ++counts.wrong;
  } catch ({ code, message }) {
    refused[code] = (refused[code] ?? 0) + 1;
    if (code === undefined) throw new Error(message);
  }
};

configure({ memoryLimit: line });
const options = { requestTimeout: 0, connectTimeout: 10_000 };
const plain = await Client.connect(address, options);
const clientSideCache = new ClientSideCache({ maxCacheKb: line / 2048, entryTtlMs: 60_000 });
const caching = await Client.connect(address, { ...options, clientSideCache });

const anything = () => true;
const actions = [
  () => ended(plain.set(`key:${below(50)}`, bytes()), anything),
  () => ended(plain.set(`key:${below(50)}`, text()), anything),
  () => ended(plain.get(`key:${below(50)}`, { as: "bytes" }), anything),
  () => ended(caching.get(`key:${below(50)}`, { as: "bytes" }), anything),
  () => ended(caching.mget([`key:${below(50)}`, `key:${below(50)}`], { as: "bytes" }), anything),
  () => {
    const value = text();
    const both = plain.transaction();
    both.set("both", value);
    const read = both.get("both");
    read.catch(() => {});
    const executed = both.exec().then(() => read);
    return ended(executed, (reply) => reply === value);
  },
];

for (let round = 0; round < Number(rounds); ++round) {
  await Promise.all(Array.from({ length: 1 + below(8) }, () => actions[below(actions.length)]()));
}
const { limit, highWater, peak, growthsRefused } = getMemoryStatistics();
console.log(JSON.stringify({ ...counts, refused, limit, highWater, peak, growthsRefused }));
await plain.close();
await caching.close();
