// The worker under test: runs one case a request, and tells how it went.

import * as plimsoll from "plimsoll";

import { cases, runCase } from "./behaviour/all.mjs";

const { Client, ClientSideCache } = plimsoll;

// What the documentation says of workers: the cache belongs to the isolate, clients to a request.
const clientSideCache = new ClientSideCache({ maxCacheKb: 256, entryTtlMs: 60_000, mode: "ttl" });
let kept;

const inPattern = async (address, ctx) => {
  const client = await Client.connect(address, { clientSideCache, requestTimeout: 5000 });
  try {
    const before = client.cached("pattern");
    await client.set("pattern", "1", { ttl: 100 });
    return { before: before ?? "nothing", now: await client.get("pattern") };
  } finally {
    ctx.waitUntil(client.close());
  }
};

const fromCacheAlone = async (address) => {
  const client = await Client.connect(address, { clientSideCache, requestTimeout: 5000 });
  const found = client.cached("pattern") ?? "nothing";
  await client.close();
  return { found };
};

// A client that an earlier request has made.
const ofAnotherRequest = async (address) => {
  if (kept === undefined) {
    kept = await Client.connect(address, { requestTimeout: 500, reconnectAttemptsMax: 0 });
    return { made: await kept.ping() };
  }
  const error = await kept.ping().then((reply) => ({ name: reply }), (thrown) => thrown);
  return { name: error.name, message: error.message };
};

// All connections are this request's: to the sentinels, too.
const bySentinels = async (address) => {
  const client = await Client.connect(address, { requestTimeout: 5000 });
  await client.set("ship", "Early");
  const value = await client.get("ship");
  const { kind, primary } = client.topology();
  await client.close();
  return { value, kind, primary };
};

// And those to the replicas.
const byReplicas = async (address) => {
  const client = await Client.connect(address, { readFrom: "preferReplica", requestTimeout: 5000 });
  while (client.getStatistics().replicas.reads < 10) {
    await client.set("ship", "Early");
    await client.get("nothing");
  }
  const value = await client.get("ship");
  const { replicas } = client.topology();
  await client.close();
  return { value, states: replicas.map(({ state }) => state) };
};

const answer = async ({ what, name, target }, ctx) => {
  switch (what) {
    case "names": return Object.keys(cases);
    case "case": return runCase(plimsoll, name, target).then(() => "passed");
    case "pattern": return inPattern(target.address, ctx);
    case "found": return fromCacheAlone(target.address);
    case "sentinels": return bySentinels(target.address);
    case "replicas": return byReplicas(target.address);
    case "kept": return ofAnotherRequest(target.address);
    default: throw new Error(`what is "${what}"?`);
  }
};

export default {
  async fetch(request, _env, ctx) {
    try {
      return Response.json({ value: await answer(await request.json(), ctx) });
    } catch (error) {
      return Response.json({ error: `${error?.stack ?? error}` });
    }
  },
};

/** Where a connection outlives the request that made it: tracking works, as anywhere else. */
export class Held {
  #client;

  async fetch(request) {
    const { address, value } = await request.json();
    this.#client ??= await Client.connect(address, {
      clientSideCache: new ClientSideCache({ maxCacheKb: 64 }), requestTimeout: 5000,
    });
    const client = this.#client;
    if (value !== undefined) await client.set("held", value);
    const got = await client.get("held");
    return Response.json({
      got, cached: client.cached("held"), state: client.getStatistics().cacheState,
      connections: client.getStatistics().connections,
    });
  }
}
