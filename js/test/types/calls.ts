// What the compiler says of what is more than one command, and of options: test/types.test.mjs compiles it.
import {
  type AnyReply, Client, type ClusterStatistics, type NodeState, type ReplicaState, type ReplicasStatistics, type Scored, type StreamBatch, StreamReader, type Subscription, type Walk,
  defineFunction, defineScript,
} from "../../.build/index.js";

type Same<A, B> = [A, B] extends [B, A] ? true : false;

/** Compiles only if the value has exactly this type. */
declare const is: <Wanted>() => <Found>(
  value: Found, ...same: Same<Wanted, Found> extends true ? [] : [never]) => void;

declare const client: Client;

is<Walk<string[]>>()(client.scan());
is<Walk<string[]>>()(client.scan({ match: "a*", type: "hash", count: 10, cursor: "7" }));
is<Walk<Uint8Array[]>>()(client.scan({ as: "bytes" }));
is<Walk<Record<string, string>>>()(client.hscan("h", { match: "a*" }));
is<Walk<string[]>>()(client.hscanNoValues("h"));
is<Walk<Scored[]>>()(client.zscan("z"));
is<Promise<{ cursor: string; elements: string[] }>>()(client.scan("0", { pattern: "a*" }));

const take = defineScript({ lua: "return 1", keys: 1, decode: Number });
is<Promise<number>>()(take.run(client, "stock", [1, "2", 3n, new Uint8Array()]));
is<Promise<number>>()(client.exclusive((own) => take.run(own, ["stock"])));
is<Promise<AnyReply>>()(defineFunction({ name: "f" }).run(client));

is<Promise<unknown[]>>()(client.batch().exec());
is<Promise<number | bigint>>()(client.incr("n"));
is<Promise<(number | bigint | null)[]>>()(client.bitfield("b"));
is<Promise<Client>>()(client.duplicate({ database: 1 }));
client.once("closed", (error) => is<string>()(error.code));
is<Promise<Client>>()(Client.connect("unix:///run/valkey.sock", { keyPrefix: "a:", lazyConnect: true,
  credentials: async () => ({ password: "p", lifetime: 1000 }) }));

is<Promise<Client>>()(Client.connect("valkey://a", { readFrom: "AZAffinity", clientAz: "a", replicaLagMax: 1000 }));
is<readonly ReplicaState[]>()(client.topology().replicas);
is<Promise<Client>>()(Client.connect("valkey+cluster://a", { redirectsMax: 5 }));
is<Promise<Client>>()(Client.connect("valkey://a", { topology: "cluster" }));
is<readonly NodeState[]>()(client.topology().nodes);
is<ClusterStatistics>()(client.getStatistics().cluster);
is<ReplicasStatistics>()(client.getStatistics().replicas);
// @ts-expect-error one of five names
Client.connect("valkey://a", { readFrom: "replica" });

// @ts-expect-error a walk has `match`
client.scan({ pattern: "a*" });
// @ts-expect-error elements have no types
client.hscan("h", { type: "hash" });
// @ts-expect-error a script has a text
defineScript({ keys: 1 });
// @ts-expect-error a function
Client.connect("valkey://a", { credentials: "p" });
// @ts-expect-error no such event
client.on("connect", () => {});

is<Promise<{ a: number }>>()(client.get("k", { as: (bytes: Uint8Array) => ({ a: bytes.length }) }).then((found) => found!));
is<Promise<(Uint8Array | null)[]>>()(client.mget(["a"], { as: "bytes" }));
is<Promise<[string, number][]>>()(client.hrandfieldWithValues("h", 2, { as: (bytes: Uint8Array) => bytes.length }));
is<Promise<Record<string, number>>>()(client.hgetall("h", { as: (bytes: Uint8Array) => bytes.length }));
is<Promise<Subscription<"json">>>()(client.subscribe("c", { as: "json" }));
is<number | null | undefined>()(client.cached("k", { as: (bytes: Uint8Array) => bytes.length }));
is<Promise<[number | bigint, string | null]>>()(client.transaction((all) => [all.incr("n"), all.get("k")]));
is<Promise<[boolean, (string | null)[]]>>()(client.batch((all) => [all.set("k", "v"), all.mget(["k"])]));
const reader = new StreamReader(client, { group: "g", consumer: "c", streams: "s", as: (bytes: Uint8Array) => bytes.length });
is<Promise<StreamBatch<(bytes: Uint8Array) => number>>>()(reader.read());
is<Promise<[string | null]>>()(client.batch((all) => [all.get("k")], { timeout: 100 }));
// @ts-expect-error each call says itself how it wants its reply
client.batch((all) => [all.get("k")], { as: "bytes" });
// @ts-expect-error a function that returns what it has queued
client.transaction((all) => { all.incr("n"); });
// @ts-expect-error no such form
client.get("k", { as: "yaml" });
