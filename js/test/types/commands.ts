// What the compiler says of calls: nothing here is run. test/types.test.mjs compiles it.
import type {
  CommandSet, Fields, Scored, StreamEntries,
} from "../../.build/generated/commands.js";
import type { CallOptions } from "../../.build/commands/call.js";

type Same<A, B> = [A, B] extends [B, A] ? true : false;

/** Compiles only if the call resolves to exactly this. */
declare const is: <Wanted>() => <Found>(
  call: Promise<Found>, ...same: Same<Wanted, Found> extends true ? [] : [never]) => void;

declare const client: CommandSet;
declare const options: CallOptions;

// Strings are text unless a call wants bytes; where that is not known, they are either.
is<string | null>()(client.get("k"));
is<string | null>()(client.get("k", { timeout: 5 }));
is<string | null>()(client.get("k", { as: "text" }));
is<Uint8Array | null>()(client.get("k", { as: "bytes", maxStaleness: 0 }));
is<string | Uint8Array | null>()(client.get("k", options));
is<(string | null)[]>()(client.mget(["a", "b"]));
is<(Uint8Array | null)[]>()(client.mget("a", { as: "bytes" }));

is<Record<string, string>>()(client.hgetall("h"));
is<[Uint8Array, Uint8Array][]>()(client.hgetall("h", { as: "bytes" }));
is<Record<string, number>>()(client.pubsubNumSub(["c"]));
is<Set<string>>()(client.smembers("s"));
is<Uint8Array[]>()(client.smembers("s", { as: "bytes" }));
is<Scored[]>()(client.zrangeWithScores("z", 0, -1));
is<Scored<"bytes">[]>()(client.zrangeWithScores("z", 0, -1, { as: "bytes", reverse: true }));
is<StreamEntries[]>()(client.xread({ s: "0" }, { block: 1000, count: 5 }));
is<[Uint8Array, Uint8Array][]>()(
  null! as Promise<Fields<"bytes">>);

is<boolean>()(client.set("k", 5, { ttl: 3600, ifAbsent: true }));
is<string | null>()(client.setGet("k", new Uint8Array(2), { at: new Date(0) }));
is<number>()(client.hset("h", { field: "value", other: 5n }));
is<number>()(client.hset("h", new Map([["field", 1]])));
is<number>()(client.hset("h", [["field", 1], ["other", "x"]]));
is<void>()(client.mset({ a: 1 }));
is<number>()(client.del(new Set(["a"])));
is<number>()(client.zadd("z", { score: 1, member: "a" }, { ifGreater: true }));
is<number>()(client.zcount("z", { exclusive: 1 }, Infinity));

// An option picks the form.
is<string | null>()(client.lpop("l"));
is<string[] | null>()(client.lpop("l", { count: 2 }));
is<Uint8Array[] | null>()(client.lpop("l", { count: 2, as: "bytes" }));
is<string | null>()(client.spop("s"));
is<Set<string>>()(client.spop("s", { count: 2 }));
is<Scored | null>()(client.zpopmin("z"));

const signal = null! as AbortSignalOfDom;
is<string | null>()(client.get("k", { signal }));

/** As lib.dom.d.ts has it, in short. */
interface AbortSignalOfDom {
  readonly aborted: boolean;
  addEventListener(type: string, listener: (event: unknown) => void): void;
  removeEventListener(type: string, listener: (event: unknown) => void): void;
}

// @ts-expect-error a key is no number
client.get(5);
// @ts-expect-error keys are an array
client.del("a", "b");
// @ts-expect-error no such option
client.set("k", "v", { tll: 5 });
// @ts-expect-error no such word
client.lmove("a", "b", "up", "left");
// @ts-expect-error a filter is needed
client.clientKill();
// @ts-expect-error undefined is no value
client.hset("h", { field: undefined });
// @ts-expect-error one of them
client.geosearch("g", { lonlat: [1, 2] }, { circle: { radius: 1, unit: "metres" } });
