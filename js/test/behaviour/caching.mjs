// The near cache, and what it may serve.

import { check, equal, rejects, until } from "./check.mjs";

const cacheOf = ({ ClientSideCache }, options) =>
  new ClientSideCache({ maxCacheKb: 256, entryTtlMs: 60_000, ...options });

export const caching = {
  "a read that is repeated is served without the server": async ({ connect, key, plimsoll }) => {
    const clientSideCache = cacheOf(plimsoll);
    const client = await connect({ clientSideCache });
    await client.set(key("ship"), "Great Eastern ☃");
    equal(client.cached(key("ship")), undefined);
    equal(await client.get(key("ship")), "Great Eastern ☃");
    const { completed, cacheState } = client.getStatistics();
    equal(cacheState, "tracking");
    for (let i = 0; i < 10; ++i) equal(await client.get(key("ship")), "Great Eastern ☃");
    equal(client.cached(key("ship")), "Great Eastern ☃");
    equal(client.cached(key("ship"), { as: "bytes" }).length, 17);
    equal(client.getStatistics().completed, completed, "what the server answered");
    equal(clientSideCache.getStatistics().hits, 12);
    check(client.getCacheHitRate() > 0.8 && client.getCacheEntryCount() === 1, "metrics");
    await client.hset(key("hash"), { a: "1", b: "2" });
    for (let i = 0; i < 2; ++i) equal(await client.hgetall(key("hash")), { a: "1", b: "2" });
    for (let i = 0; i < 2; ++i) equal(await client.mget([key("ship"), key("no")]),
      ["Great Eastern ☃", null]);
    const large = "v".repeat(50_000);
    await client.set(key("large"), large);
    for (let i = 0; i < 2; ++i) equal(await client.get(key("large")), large);
    equal(client.cached(key("large")), large);
    equal(clientSideCache.getStatistics().entries, 3);
  },

  "what another client writes is not served any more": async ({ connect, key, plimsoll }) => {
    const clientSideCache = cacheOf(plimsoll);
    const client = await connect({ clientSideCache });
    const other = await connect();
    for (let i = 0; i < 20; ++i) {
      await other.set(key("x"), `${i}`);
      await until(async () => await client.get(key("x")) === `${i}`);
      equal(await client.get(key("x"), { maxStaleness: 0 }), `${i}`);
    }
    await other.set(key("x"), "fresh");
    await clientSideCache.barrier();
    equal(await client.get(key("x")), "fresh", "after a barrier it");
    await client.set(key("x"), "mine");
    equal(await client.get(key("x")), "mine", "after a write of one's own it");
    check(clientSideCache.getCacheInvalidations() > 0, "nothing was invalidated");
  },

  "a transaction closes the keys that it writes, until it is answered": async ({ connect, key, plimsoll }) => {
    const client = await connect({ clientSideCache: cacheOf(plimsoll) });
    const closed = async (tag) => {
      const of = (name) => key(`{t}${tag}${name}`);
      await client.mset({ [of("a")]: "1", [of("b")]: "1", [of("c")]: "1" });
      const closedBy = async (fill) => {
        for (const name of "abc") await client.get(of(name));
        const queue = client.transaction();
        fill(queue);
        const done = queue.exec();
        const names = [..."abc"].filter((name) => client.cached(of(name)) === undefined);
        await done;
        return names.join("");
      };
      return [
        await closedBy((all) => { all.get(of("a")); all.exists(of("b")); }),
        await closedBy((all) => { all.get(of("a")); all.incr(of("b")); }),
        await closedBy((all) => { all.rename(of("a"), of("c")); }),
        await closedBy((all) => { all.set(of("b"), "v".repeat(100_000)); all.incr(of("d")); }),
        await closedBy((all) => { all.command(["EVAL", "return 1", "0"]); }),
      ];
    };
    const expected = ["", "b", "ac", "ab", "abc"];
    // Two keys may share a cell of the cache, by a seed that nobody knows: then others do not.
    let found;
    for (let tag = 0; tag < 8 && `${found}` !== `${expected}`; ++tag) found = await closed(tag);
    equal(found, expected);
  },

  // In workerd the clock stands still while this goes on.
  "what is true now is not told by the clock": async ({ connect, key, plimsoll }) => {
    const client = await connect({ clientSideCache: cacheOf(plimsoll) });
    const other = await connect();
    for (let i = 0; i < 100; ++i) {
      await client.get(key("x"));
      await other.set(key("x"), `${i}`);
      equal(await client.get(key("x"), { maxStaleness: 0 }), `${i}`);
    }
  },

  "clients share a cache, and it outlives them": async ({ connect, key, plimsoll }) => {
    const clientSideCache = cacheOf(plimsoll, { mode: "ttl" });
    const first = await connect({ clientSideCache });
    equal(first.getStatistics().cacheState, "ttl");
    await first.set(key("x"), "1");
    await first.get(key("x"));
    const second = await connect({ clientSideCache });
    equal(second.cached(key("x")), "1");
    await first.close();
    await second.close();
    const third = await connect({ clientSideCache });
    equal(third.cached(key("x")), "1");
    clientSideCache.clear();
    equal(third.cached(key("x")), undefined);
    await third.close();
    clientSideCache.dispose();
    equal(clientSideCache.getStatistics().entries, 0);
  },

  "an entry ends with its time": async ({ connect, key, plimsoll }) => {
    const clientSideCache = cacheOf(plimsoll, { mode: "ttl", entryTtlMs: 20 });
    const client = await connect({ clientSideCache });
    await client.set(key("x"), "1");
    await client.get(key("x"));
    await until(() => client.cached(key("x")) === undefined);
    await client.get(key("x"));
    check(clientSideCache.getStatistics().lookups > 2, "lookups are counted");
  },

  "the cache stays below its bytes, and its index grows with it": async (
    { connect, key, plimsoll }) => {
    const clientSideCache = cacheOf(plimsoll, { maxCacheKb: 1024 });
    const client = await connect({ clientSideCache, inflightRequestsLimit: 10_000 });
    const keys = Array.from({ length: 5000 }, (_, i) => key(`many${i}`));
    await Promise.all(keys.map((each) => client.set(each, "v", { timeout: 0 })));
    await Promise.all(keys.map((each) => client.get(each, { timeout: 0 })));
    const { entries, bytesLive, bytesCommitted } = clientSideCache.getStatistics();
    equal(entries, 5000);
    // Two buckets of 4 bytes for each entry: without them every lookup would walk over thousands.
    check(bytesCommitted >= bytesLive + 5000 * 8, `${bytesCommitted} bytes for ${bytesLive}`);
    check(bytesCommitted <= 1024 ** 2, `${bytesCommitted} bytes`);
    const more = Array.from({ length: 20_000 }, (_, i) => key(`more${i}`));
    for (let i = 0; i < more.length; i += 1000) {
      await Promise.all(more.slice(i, i + 1000).map((each) => client.get(each, { timeout: 0 })));
    }
    check(clientSideCache.getStatistics().bytesCommitted <= 1024 ** 2, "the cache has outgrown it");
  },

  "metrics can be off": async ({ connect, plimsoll }) => {
    const client = await connect({ clientSideCache: cacheOf(plimsoll, { enableMetrics: false }) });
    await rejects((async () => client.getCacheHitRate())(), { name: "ConfigurationError" });
    const without = await connect();
    await rejects((async () => without.getCacheHitRate())(), { name: "ConfigurationError" });
  },
};
