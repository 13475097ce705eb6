import { type Target, addressAt } from "./address.js";
import type { SentinelRoute } from "./link.js";
import type { ClientOptions } from "./options.js";
import type { Address, Connect } from "./transport/transport.js";

// What the address and the options of a client say about the ways to its servers and sentinels.

let waysCount = 0;
const ways = new WeakMap<object, number>();

// Numbers the WebSocket classes of callers: two different ones may lead to different servers.
const numberOf = (way: object): number => {
  const known = ways.get(way);
  if (known !== undefined) return known;
  ways.set(way, ++waysCount);
  return waysCount;
};

/** Whether all addresses lead to the same data, those of a cluster among them. Otherwise the present one is a part of what
    the main connection shows (Link). */
export const isOnePlace = ({ addresses, primaryName, isCluster }: Target): boolean =>
  isCluster === true || (addresses.length === 1 && primaryName === undefined);

/** Names the server and database that a client reads. Clients of one cache share entries if this text is the same
    and the server treats them as the same user. A caller's own transport may lead to another server each time, so
    it gets a new number unless it has a name. A client certificate identifies the user. */
export const placeOf = (target: Target, database: number, options: ClientOptions): string => {
  const hrefs = isOnePlace(target) ? target.addresses.map(({ href }) => href).sort() : [];
  const { transport, transportName, tls, WebSocket: Socket } = options;
  const way = transport === undefined ? null : transportName ?? ++waysCount;
  const socket = Socket === undefined ? null : numberOf(Socket);
  return JSON.stringify([target.address.protocol, hrefs, database, options.protocol ?? 3, way, socket,
    options.protocols ?? null, tls?.serverName ?? null, textOf(tls?.cert)]);
};

const textOf = (pem: string | Uint8Array | undefined): string | null =>
  pem === undefined ? null : typeof pem === "string" ? pem : new TextDecoder().decode(pem);

/** How connections to sentinels are made; undefined if the address is that of servers. `open` opens connections
    without asking for the credentials of the servers. */
export const sentinelRouteOf = ({ address, primaryName }: Target, options: ClientOptions, open: Connect):
  SentinelRoute | undefined => {
  if (primaryName === undefined) return undefined;
  const tls = options.sentinel?.tls ?? (address.protocol === "valkeys" ? options.tls ?? {} : false);
  return { connect: open, protocol: tls === false ? "valkey" : "valkeys", primary: address,
    options: { ...options, tls: tls === false ? undefined : tls } };
};

/** The addresses to which the core's numbers refer. */
export const addressesOf = ({ addresses }: Target, sentinels: SentinelRoute | undefined): readonly Address[] =>
  sentinels === undefined ? addresses
    : addresses.map(({ host, port }) => addressAt(sentinels.protocol, host, port));
