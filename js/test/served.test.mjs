// What a near cache has served is paid for no longer than it takes to decode it: the server is a real one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, ClientSideCache, getMemoryStatistics } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;
before(async () => { server = await startServer(); });
after(() => server.stop());

const bytesOfReplies = () => getMemoryStatistics().pools.replies.used;

for (const [what, count, size] of [["large strings", 20, 20_000], ["many small strings", 4000, 10]]) {
  test(`a list of ${what} out of the cache leaves nothing behind`, async () => {
    const clientSideCache = new ClientSideCache({ maxCacheKb: 2048 });
    const client = await Client.connect(server.address, { clientSideCache });
    const list = `${what} of one list`;
    const elements = Array.from({ length: count }, (_, i) => `${i}`.padEnd(size, "."));
    await client.rpush(list, elements);
    assert.deepEqual(await client.lrange(list, 0, -1), elements);
    const { hits } = clientSideCache.getStatistics();
    const before = bytesOfReplies();
    for (let i = 0; i < 3; ++i) assert.deepEqual(await client.lrange(list, 0, -1), elements);
    // Also where decoding fails.
    await assert.rejects(client.lrange(list, 0, -1, { as: () => { throw new Error("no such shape"); } }), /no such shape/);
    assert.equal(clientSideCache.getStatistics().hits, hits + 4);
    assert.equal(bytesOfReplies(), before);
    await client.close();
    clientSideCache.dispose();
    assert(bytesOfReplies() < 10_000, `${bytesOfReplies()} bytes`);
  });
}
