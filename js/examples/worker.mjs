// A worker: the cache belongs to the isolate, a client to the request that made it.

import { Client, ClientSideCache } from "plimsoll";

// No connection outlives a request, so nobody tells what has changed: time alone bounds how old a
// value may be, and the server's own expiry where that comes sooner.
const cache = new ClientSideCache({
  maxCacheKb: 4096, mode: "ttl", entryTtlMs: 5_000, serverTtlCap: true,
});

export default {
  async fetch(request, env, ctx) {
    const client = await Client.connect(env.VALKEY, { clientSideCache: cache });
    try {
      const key = new URL(request.url).pathname.slice(1);
      const value = await client.get(key);
      return new Response(value ?? "no such key", { status: value === null ? 404 : 200 });
    } finally {
      ctx.waitUntil(client.close());
    }
  },
};
