import { Client, type ClientOptions, ClientSideCache, configure, setMemoryLimit } from "plimsoll";

// The clients of the page: all in one worker, and so below one memory line.

/** Where the bridge is, and who we are to it. */
export interface Berth {
  /** ws:// or wss://, of the page's own host. */
  readonly address: string;
  readonly token: string;
  /** May cut and stall connections: the demo's bridge alone gives one. */
  readonly troubleToken: string | undefined;
}

export type Policy = "lru" | "lfu";
export const policies: readonly Policy[] = ["lru", "lfu"];

export const lineAtFirst = 16 * 1024 ** 2;
const cacheKbAtFirst = 2048;

let berth: Berth | undefined;
let line = lineAtFirst;
let reading: { client: Client; cache: ClientSideCache } | undefined;
let other: Client | undefined;
let troubling: Client | undefined;

const theBerth = (): Berth => {
  if (berth === undefined) throw new Error("there is no connection yet");
  return berth;
};

/** Where the memory line was drawn, in bytes; the limit in force may still be falling to it. */
export const lineDrawn = (): number => line;

export const drawLine = (bytes: number): void => {
  setMemoryLimit(bytes);
  line = bytes;
};

// Of requests of which the page does not say itself how long they may take: on a machine that is busy a
// trouble comes about later, not never.
const requestTimeout = 10_000;

/** Another client, as somebody else has one: no cache. Whoever opens it closes it. */
export const openClient = (options: ClientOptions = {}): Promise<Client> =>
  Client.connect(theBerth().address, { token: theBerth().token, requestTimeout, ...options });

/** The client that reads through the cache. */
export const reader = (): Client => {
  if (reading === undefined) throw new Error("there is no connection yet");
  return reading.client;
};

/** The client that writes what the reader may have in its cache. */
export const writer = (): Client => {
  if (other === undefined) throw new Error("there is no connection yet");
  return other;
};

/** The client that may kill and pause. */
export const troublemaker = async (): Promise<Client> => {
  const { troubleToken } = theBerth();
  if (troubleToken === undefined) {
    throw new Error("this bridge lets nobody cut or stall connections; ./dev demo starts one that does");
  }
  troubling ??= await openClient({ token: troubleToken });
  return troubling;
};

/** A new, cold cache with this policy, and a client that reads through it. */
export const embark = async (policy: Policy, maxCacheKb = cacheKbAtFirst): Promise<void> => {
  // Where the line was lowered, there is no room for a new client before this one's is given back.
  reading?.cache.clear();
  const cache = new ClientSideCache({ maxCacheKb, evictionPolicy: policy });
  const client = await openClient({ clientSideCache: cache, clientName: "demo-reader",
    inflightRequestsLimit: 1000, inflightOverflow: "wait", waitersMax: 200_000,
    readResendsMax: 1 });
  const former = reading;
  reading = { client, cache };
  await former?.client.close();
  former?.cache.dispose();
};

export const moor = async (at: Berth): Promise<void> => {
  berth = at;
  configure({ memoryLimit: lineAtFirst });
  await embark("lru");
  other = await openClient({ clientName: "demo-writer" });
};
