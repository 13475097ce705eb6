// Every method of node-redis and of GLIDE, and what takes its place here: the tables of docs/coming-over.md.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { Client } from "../../.build/index.js";

const require = createRequire(import.meta.url);

const namesOf = (prototype) => {
  const names = new Set();
  for (let each = prototype; each !== null && each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    for (const name of Object.getOwnPropertyNames(each)) names.add(name);
  }
  names.delete("constructor");
  return [...names].filter((name) => /^[a-z]/.test(name)).sort();
};

const ours = new Map(namesOf(Client.prototype).map((name) => [name.toLowerCase(), name]));

const ofEvents = new Set(namesOf(require("node:events").EventEmitter.prototype));

/** The methods of node-redis's client that users call; its commands are there in capitals as well. */
export const nodeRedisMethods = () => {
  const { createClient } = require("redis");
  return namesOf(createClient()).filter((name) => !ofEvents.has(name));
};

/** The methods of GLIDE's client that its declarations call public. */
export const glideMethods = () => {
  const { GlideClient } = require("@valkey/valkey-glide");
  const folder = dirname(require.resolve("@valkey/valkey-glide"));
  const declared = ["BaseClient", "GlideClient"].map((name) => readFileSync(join(folder, `${name}.d.ts`), "utf8"))
    .join("\n");
  const isPublic = (name) => new RegExp(`^    ${name}[<(]`, "m").test(declared);
  return namesOf(GlideClient.prototype).filter(isPublic);
};

const count = (name) => [name, `\`${name}\` with the option \`count\``];
const counted = { lPopCount: count("lpop"), rPopCount: count("rpop"), sPopCount: count("spop"),
  sRandMemberCount: count("srandmember"), hRandFieldCount: count("hrandfield"), zPopMaxCount: count("zpopmax"),
  zPopMinCount: count("zpopmin"), zRandMemberCount: count("zrandmember"), lpopCount: count("lpop"),
  rpopCount: count("rpop"), spopCount: count("spop"), srandmemberCount: count("srandmember"),
  hrandfieldCount: count("hrandfield"), zrandmemberWithCount: count("zrandmember") };

const as = (...names) => [...names, names.map((name) => `\`${name}\``).join(", ")];
const none = (why) => [why];

/** What has another name, or does not exist. The last element of a list is for readers, the others are methods. */
const others = {
  ...counted,
  // Connections.
  connect: none("`Client.connect(url)` does both, or `lazyConnect`"),
  createPool: none("not needed: commands that block, transactions on watched keys and subscriptions have connections of their own"),
  legacy: none("not here: all methods return promises"),
  asap: none("not needed: `setImmediate`"),
  destroy: as("close"), disconnect: as("close"), quit: as("close"),
  reset: none("not needed: `exclusive()` gives a clean connection"),
  resetIfDirty: none("not needed: `exclusive()` gives a clean connection"),
  isOpen: ["getStatistics", "`getStatistics().state`"], isReady: ["getStatistics", "`getStatistics().state`"],
  isPubSubActive: ["getStatistics", "`getStatistics().subscriptions`"],
  isWatching: none("not needed: `transact()`, `exclusive()`"), isDirtyWatch: none("not needed: `transact()`, `exclusive()`"),
  setDirtyWatch: none("not needed: `transact()`, `exclusive()`"), socketEpoch: ["getStatistics", "`getStatistics().connections`"],
  ref: none("not here: an open client keeps a program running; `close()` it"),
  unref: none("not here: an open client keeps a program running; `close()` it"),
  options: none("what you gave"), clientSideCache: none("what you gave"),
  select: none("the option `database`, or `duplicate({ database })`"),
  auth: none("the options `username`, `password`; `credentials` for tokens"),
  reAuthenticate: none("the option `credentials`, which renews them"),
  hello: none("the option `protocol`"), clientSetName: none("the option `clientName`"),
  clientNoEvict: none("the option `noEvict`"), clientNoTouch: none("the option `noTouch`"),
  clientTracking: none("the option `clientSideCache`"), clientCaching: none("the option `clientSideCache`"),
  readonly: none("not here: cluster"), asking: none("not here: cluster"), monitor: none("`valkey-cli monitor`"),
  updateConnectionPassword: none("the option `credentials`"), refreshIamToken: none("the option `credentials`"),
  ...Object.fromEntries(["createClientRequest", "cancelPubSubFuturesWithExceptionSafe", "completePubSubFuturesSafe",
    "getPubsubCallbackAndContext", "isPubsubConfigured", "notificationToPubSubMessageSafe", "processPush",
    "processResponse"].map((name) => [name, none("not here: internal")])),
  // Calls.
  sendCommand: as("command"), customCommand: as("command"),
  withCommandOptions: none("options of the call: `{ as, timeout, signal }`"),
  withTypeMapping: none("the option `as` of a call"), withAbortSignal: none("the option `signal` of a call"),
  multi: ["transaction", "batch", "`transaction()`; `batch()` in place of `execAsPipeline()`"],
  exec: ["transaction", "batch", "`transaction().exec()`, `batch().exec()`"],
  watch: ["transact", "exclusive", "`transact(keys, prepare)`; `exclusive((own) => own.watch(...))`"],
  unwatch: ["exclusive", "`exclusive((own) => own.unwatch())`"],
  invokeScript: none("`defineScript({ lua, keys }).run(client, keys, args)`"),
  fcallReadonly: as("fcallRo"), bitfieldReadOnly: as("bitfieldRo"), sortReadOnly: as("sortRo"),
  evalShaRo: as("evalshaRo"), scriptDebug: none("`valkey-cli --ldb`"),
  functionListWithCode: ["functionList", "`functionList({ withcode: true })`"],
  // Walks.
  ...Object.fromEntries([["scanIterator", "scan"], ["hScanIterator", "hscan"], ["sScanIterator", "sscan"],
    ["zScanIterator", "zscan"]].map(([theirs, own]) => [theirs, [own, `\`for await (const page of client.${own}(...))\``]])),
  hScanNoValuesIterator: ["hscanNoValues", "`for await (const page of client.hscanNoValues(key))`"],
  hScanValuesIterator: ["hscan", "`for await (const page of client.hscan(key))`"],
  // Messages.
  ...Object.fromEntries(["pSubscribe", "psubscribe", "psubscribeLazy"].map((name) =>
    [name, ["subscribe", '`subscribe(names, { kind: "patterns" })`']])),
  sSubscribe: ["subscribe", '`subscribe(names, { kind: "shardChannels" })`'],
  subscribeLazy: as("subscribe"),
  ...Object.fromEntries(["unsubscribe", "pUnsubscribe", "sUnsubscribe", "unsubscribeLazy", "punsubscribe",
    "punsubscribeLazy"].map((name) => [name, none("the subscription's own `unsubscribe(kind, names)`, `close()`")])),
  getPubSubListeners: none("not needed: a subscription is an async iterator"),
  extendPubSubListeners: none("not needed: a subscription is an async iterator"),
  extendPubSubChannelListeners: none("not needed: a subscription is an async iterator"),
  getPubSubMessage: none("`for await` over the subscription, `next()`"),
  tryGetPubSubMessage: none("`for await` over the subscription, `next()`"),
  getSubscriptions: none("the subscription's `getStatistics()`"),
  // Forms.
  geoRadiusWith: as("georadiusPlaces"), geoRadiusRoWith: as("georadiusRoPlaces"), geoRadiusStore: as("georadiusStore"),
  geoRadiusByMemberWith: as("georadiusbymemberPlaces"), geoRadiusByMemberRoWith: as("georadiusbymemberRoPlaces"),
  geoRadiusByMemberStore: as("georadiusbymemberStore"), geoSearchWith: as("geosearchPlaces"),
  hRandFieldCountWithValues: as("hrandfieldWithValues"), hrandfieldWithValues: as("hrandfieldWithValues"),
  lcsIdxWithMatchLen: ["lcsIdx", "`lcsIdx(a, b, { withmatchlen: true })`"],
  xPendingRange: as("xpendingEntries"), xpendingWithOptions: as("xpendingEntries"),
  zRandMemberCountWithScores: as("zrandmemberWithScores"), zrandmemberWithCountWithScores: as("zrandmemberWithScores"),
  zRankWithScore: as("zrankWithScore"), zRevRankWithScore: as("zrevrankWithScore"),
  bgsaveSchedule: ["bgsave", "`bgsave({ schedule: true })`"], replicaofNoOne: ['replicaof', '`replicaof("noOne")`'],
};

// What stands for the commands of a module, as a property.
const modules = new Set(["bf", "cf", "cms", "ft", "json", "tDigest", "topK", "ts"]);

/** Sorts methods into those that are called the same but for capitals, those of another name, and commands without
    a method of their own. */
export const sorted = (methods) => {
  const found = { same: [], changed: [], byWords: [], unknown: [] };
  for (const name of methods) {
    if (Object.hasOwn(others, name)) {
      const names = others[name].slice(0, -1);
      for (const each of names) if (!ours.has(each.toLowerCase())) found.unknown.push(`${name}: ${each}`);
      found.changed.push([name, others[name].at(-1)]);
    } else if (ours.has(name.toLowerCase())) {
      found.same.push([name, ours.get(name.toLowerCase())]);
    } else {
      found.byWords.push(modules.has(name) ? `${name}.*` : name);
    }
  }
  return found;
};

const inLines = (names) => {
  const lines = [""];
  for (const name of names) {
    const last = lines.at(-1);
    if (last.length + name.length > 130) lines.push(name);
    else lines[lines.length - 1] = last === "" ? name : `${last} ${name}`;
  }
  return lines.join("\n");
};

/** The part of the page about one client. */
export const partOf = (client, methods) => {
  const { same, changed, byWords } = sorted(methods);
  const capitals = same.filter(([theirs, own]) => theirs !== own);
  const equal = same.filter(([theirs, own]) => theirs === own).map(([name]) => name);
  return `### The ${methods.length} methods of ${client}

The same name:

${inLines(equal.map((name) => `\`${name}\``))}
${capitals.length === 0 ? "" : `
The same but for capitals: the server's command is one word here, and what stands behind it begins with a capital:

${inLines(capitals.map(([theirs, own]) => `\`${theirs}\`: \`${own}\`;`))}
`}
Another name, or none:

| ${client} | here |
|---|---|
${changed.map(([theirs, own]) => `| \`${theirs}\` | ${own} |`).join("\n")}

Commands of newer servers, and of modules: no methods of their own; \`client.command(["NAME", ...])\`, with \`as\` as for any call:

${inLines(byWords.map((name) => `\`${name}\``))}
`;
};

/** The tables of the page. */
export const tables = () =>
  `${partOf("node-redis", nodeRedisMethods())}\n${partOf("GLIDE", glideMethods())}`;
