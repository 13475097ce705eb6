// Who is compared, each set up as its own documentation says for this use.

import { GlideClient, ClientSideCache as GlideCache } from "@valkey/valkey-glide";
import { Redis } from "ioredis";
import IovalkeyPackage from "iovalkey";
import { LRUCache } from "lru-cache";
import { createClient } from "redis";

import { Client, ClientSideCache } from "../../js/dist/node.js";

const host = "127.0.0.1";
const Iovalkey = IovalkeyPackage.Redis ?? IovalkeyPackage;

// More than any workload has in flight: nobody is to be refused.
const inFlight = 10_000;

const plimsoll = async (port, clientSideCache) => {
  const client = await Client.connect(`valkey://${host}:${port}`,
    { requestTimeout: 0, inflightRequestsLimit: inFlight, clientSideCache });
  return {
    get: (key) => client.get(key),
    door: (key) => client.cached(key),
    mget: (keys) => client.mget(keys),
    hgetall: (key) => client.hgetall(key),
    close: () => client.close(),
  };
};

const likeIoredis = (Class, options) => async (port) => {
  const client = new Class({ port, host, ...options });
  await client.ping();
  return {
    get: (key) => client.get(key),
    mget: (keys) => client.mget(keys),
    hgetall: (key) => client.hgetall(key),
    close: () => client.quit(),
  };
};

const nodeRedis = async (port, options) => {
  const client = createClient({ url: `redis://${host}:${port}`, RESP: 3, ...options });
  await client.connect();
  return {
    get: (key) => client.get(key),
    mget: (keys) => client.mGet(keys),
    hgetall: (key) => client.hGetAll(key),
    close: () => client.close(),
  };
};

const glide = async (port, options) => {
  const client = await GlideClient.createClient({
    addresses: [{ host, port }], inflightRequestsLimit: inFlight, requestTimeout: 60_000, ...options,
  });
  return {
    get: (key) => client.get(key),
    mget: (keys) => client.mget(keys),
    hgetall: (key) => client.hgetall(key),
    close: async () => client.close(),
  };
};

/** What reads from the server: name -> connect(port). */
export const plain = {
  "plimsoll": (port) => plimsoll(port),
  "ioredis": likeIoredis(Redis),
  "ioredis, auto-pipelining": likeIoredis(Redis, { enableAutoPipelining: true }),
  "iovalkey, auto-pipelining": likeIoredis(Iovalkey, { enableAutoPipelining: true }),
  "node-redis": (port) => nodeRedis(port),
  "valkey-glide": (port) => glide(port),
};

// What a line of 32 MiB lets one cache have.
const cacheKb = 22_400;

/** What reads from its own cache; lru-cache holds JavaScript values, and counts no bytes. */
export const caching = {
  "plimsoll": (port) => plimsoll(port, new ClientSideCache({ maxCacheKb: cacheKb })),
  "node-redis": (port) => nodeRedis(port,
    { clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: "LRU" } }),
  // GLIDE has had it since 2.1; older ones are left out, with a word.
  ...(GlideCache === undefined ? {} : {
    "valkey-glide": (port) => glide(port,
      { clientSideCache: GlideCache.create?.(cacheKb, 60_000) ?? { maxCacheKb: cacheKb } }),
  }),
  "lru-cache": async (port) => {
    const source = await plimsoll(port);
    const cache = new LRUCache({ max: 200_000 });
    const fetched = async (key) => {
      const value = await source.get(key);
      cache.set(key, value);
      return value;
    };
    return {
      get: async (key) => cache.get(key) ?? fetched(key),
      close: () => source.close(),
    };
  },
};
