import { hasOtherServers } from "#core";
import { type Target, isWebSocket } from "./address.js";
import { ClientSideCache } from "./cache.js";
import { type Codec, isCodec } from "./codec.js";
import { type Kind, checkObject, checkOptions, refuseOption } from "./check-options.js";
import type { Credentials } from "./credentials.js";
import { isSignal } from "./commands/call-options.js";
import { ConfigurationError } from "./errors.js";
import type { Address, Connect, TlsOptions, TransportOptions } from "./transport/transport.js";

// The options of a client. Invalid ones are refused by name, before any I/O.

/** What happens to messages for which a subscription has no room: the oldest that waits is dropped, the one
    that has come is dropped, or the connection is not read until there is room. */
export type SubscriptionOverflow = "drop-oldest" | "drop-newest" | "pause-reading";

/** Who the client is at the sentinels. */
export interface SentinelOptions {
  /** The user at the sentinels, who need not be that at the servers. Default: the default user. */
  readonly username?: string | undefined;
  /** Default: the client does not log in at the sentinels. */
  readonly password?: string | undefined;
  /** TLS to the sentinels. An object turns it on, {} with what is trusted by default; false turns it off. Default: with
      valkeys+sentinel:// what the option `tls` says for servers; with valkey+sentinel:// none. */
  readonly tls?: TlsOptions | false | undefined;
}

/** Who answers reads, in the order of the core's numbers. */
export const readFroms = ["primary", "preferReplica", "AZAffinity", "AZAffinityReplicasAndPrimary", "lowestLatency"] as const;

/** Who answers reads: see the option `readFrom`. The names are those of Valkey GLIDE. */
export type ReadFrom = (typeof readFroms)[number];

// In the order of the core's enumerators (core/cluster/topology_choice.h).
export const topologyChoices = ["automatic", "standalone", "cluster"] as const;
/** What the servers are to each other: see the option `topology`. */
export type TopologyChoice = (typeof topologyChoices)[number];

/** Options of Client.connect(). Times are in milliseconds. */
export interface ClientOptions extends TransportOptions {
  /** The user, the password and the database; each overrides what the address says. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: number | undefined;
  /**
   * What the servers are to each other. Default: "automatic".
   * - "automatic": the first server that the client reaches says whether it is one of a cluster, and then each command goes to
   *   the server that has its keys. With protocol 2 a server can say so if it knows HELLO.
   * - "standalone": a server of a cluster is used like a single one, so that MOVED is an error: for tools.
   * - "cluster": as with "valkey+cluster://".
   *
   * With "valkey+sentinel://" sentinels name the server.
   */
  readonly topology?: TopologyChoice | undefined;
  /** Further addresses, "host:port", as if they followed in the address after commas. All lead to the same data: a
      primary and its replicas, of which the client then finds the primary, or proxies; or servers of one cluster, of
      whatever role and slots. The client tries all of them, in a random order, before it fails or waits. It refuses
      those that say that they are replicas (not with protocol 2), except those of a cluster.
      With an address of sentinels: further sentinels. */
  readonly seeds?: readonly string[] | undefined;
  /** Who the client is at the sentinels, for valkey+sentinel:// and valkeys+sentinel://. */
  readonly sentinel?: SentinelOptions | undefined;
  /**
   * Who answers reads. Default: "primary".
   * - "preferReplica": the replicas in turn; the primary if there is none.
   * - "AZAffinity": the replicas in the zone `clientAz` in turn; else other replicas; else the primary.
   * - "AZAffinityReplicasAndPrimary": the replicas in that zone in turn; else the primary if it is there; else other replicas;
   *   else the primary.
   * - "lowestLatency": the servers that answer fastest, in turn, of the replicas and the primary.
   *
   * The primary names the replicas, to which the client connects by TCP, or by TLS as the address says. A replica is read
   * only if it has what this client has written to the keys that are read, and is not older than `replicaLagMax`; else the
   * primary answers. Writes, transactions, scripts, and commands that block always go to the primary. Not over a bridge or
   * a unix socket. In a cluster, the replicas of each primary are read.
   *
   * A `clientSideCache` keeps what replicas answer, for as long as the replica could be read, and shares it with no other
   * client of the cache. It must not have `broadcastPrefixes`.
   */
  readonly readFrom?: ReadFrom | undefined;
  /** The availability zone in which this program runs, for the "AZ..." choices of `readFrom`: as `availability-zone` has it
      in the servers' configuration. */
  readonly clientAz?: string | undefined;
  /** How much older what a replica answers may be than what the primary would have answered, in milliseconds; at least
      100. A replica for which that is not known is not read. Default: 10000. */
  readonly replicaLagMax?: number | undefined;
  /** With a cluster: how often a request is sent on to another server, because a server has
      said MOVED or ASK, before its error is told; 1 to 31. Default: 16. */
  readonly redirectsMax?: number | undefined;
  /** With a cluster: what happens to MSET with keys of several slots. It is refused, or sent in a part for each slot
      ("split"). Then it is not atomic: others may see some parts without the others, and if a part fails, the others may
      have run. Default: "refuse". */
  readonly crossSlotWrites?: "refuse" | "split" | undefined;
  /** Is asked for the username and password before a connection is opened, and before they end: for tokens
      that expire. Not with a password, and not over a bridge, which has `token`. */
  readonly credentials?: (() => Credentials | Promise<Credentials>) | undefined;
  /** How long before the end of their lifetime the next credentials are asked for, or half of the lifetime,
      if that is less. Default: 60000. */
  readonly credentialsRefreshBefore?: number | undefined;
  /** Stands in front of each key of each command, also of transactions and scripts; not in front of channels
      and patterns of SCAN and KEYS. Keys in replies have it. A command whose keys are not known, as of a
      module, is refused. Default: "". */
  readonly keyPrefix?: string | undefined;
  /** Stands in front of each channel and pattern that is subscribed to, and of the channels of PUBLISH,
      SPUBLISH and PUBSUB NUMSUB; not in front of the pattern of PUBSUB CHANNELS. Messages and replies have
      channels in full. Default: "". */
  readonly channelPrefix?: string | undefined;
  /** Changes strings and values of hashes before they are stored, and back when they are read, such as
      compression(). Commands on parts of such a value (APPEND, GETRANGE, STRLEN...) are refused. */
  readonly codec?: Codec | undefined;
  /** The name of the connections in the server's CLIENT LIST. */
  readonly clientName?: string | undefined;
  /** The timeout of requests that have none of their own. Default: 250; 0: no timeout. */
  readonly requestTimeout?: number | undefined;
  /** How long to try to make the first connection, and how long each later attempt to replace a lost one may take.
      Default: 2000. */
  readonly connectTimeout?: number | undefined;
  /** True: connect() resolves without a connection, and the first call makes it. If it cannot be made within
      connectTimeout, that call fails, and the client has ended. Default: false. */
  readonly lazyConnect?: boolean | undefined;
  /** How long close() waits for replies. Default: 1000. */
  readonly closeTimeout?: number | undefined;
  /** The client waits before it tries again to connect: at random between 0 and a bound. The bound is reconnectWaitMin
      at first, doubles with each attempt that fails, and ends at reconnectWaitMax. Defaults: 10 and 5000. */
  readonly reconnectWaitMin?: number | undefined;
  readonly reconnectWaitMax?: number | undefined;
  /** How many attempts to connect, each at all addresses, may fail in a row before a client that has lost its connection ends.
      0: the loss ends it. Default: no limit. */
  readonly reconnectAttemptsMax?: number | undefined;
  /** How long the server may be silent before the client sends a PING. Default: 5000; 0: for ever. */
  readonly healthCheckInterval?: number | undefined;
  /** The most requests in flight. Default: 1000. */
  readonly inflightRequestsLimit?: number | undefined;
  /** What happens to requests beyond that: they wait for room, first come, first served, until their
      timeout, or fail with a LimitError. Default: "wait". */
  readonly inflightOverflow?: "reject" | "wait" | undefined;
  /** The most requests that may wait for room; further ones fail with a LimitError. Default: no bound but
      the memory limit. */
  readonly waitersMax?: number | undefined;
  /** The most bytes of a reply. A larger one is skipped, and its request fails with a
      ReplyTooLargeError. Default: 512 MiB, so that the memory limit counts. */
  readonly replyBytesMax?: number | undefined;
  /** How often a read is sent again when its connection was lost. Default: 0. */
  readonly readResendsMax?: number | undefined;
  /** The RESP version. Default: 3. Use 2 for servers that do not know HELLO. */
  readonly protocol?: 2 | 3 | undefined;
  /** Asks the server not to close these connections when it runs out of memory (CLIENT NO-EVICT). */
  readonly noEvict?: boolean | undefined;
  /** Asks the server not to count this client's reads as accesses for its eviction (CLIENT NO-TOUCH). */
  readonly noTouch?: boolean | undefined;
  /**
   * The most connections for commands that block, and for exclusive use. Further commands that block fail
   * or wait for one, as inflightOverflow says. Default: 8.
   */
  readonly blockingConnectionsMax?: number | undefined;
  /** The most subscriptions at a time; each has a connection of its own. Default: 16. */
  readonly subscriptionsMax?: number | undefined;
  /** The most messages that wait to be taken from one subscription. Default: 10000. */
  readonly subscriptionMessagesMax?: number | undefined;
  /** What happens to messages beyond that. Default: "drop-oldest". */
  readonly subscriptionOverflow?: SubscriptionOverflow | undefined;
  /** The cache for this client's reads. Any number of clients may share one. */
  readonly clientSideCache?: ClientSideCache | undefined;
  /** Sets the memory limit of this process or isolate, as configure() does: refused if another limit was set before. */
  readonly memoryLimit?: number | string | undefined;
  /** A transport of your own, to be used whatever protocol the address has. */
  readonly transport?: Connect | undefined;
  /** Names the server that `transport` leads to. Clients of one cache share what the same user has read if
      they give the same name and the same address. Without a name they share nothing. */
  readonly transportName?: string | undefined;
  /** Ends the attempt to connect: connect() then rejects with a CancelledError. */
  readonly signal?: import("./commands/call.js").AbortSignalLike | undefined;
}

const kinds: Record<string, Kind | readonly unknown[]> = {
  username: "text", password: "text", clientName: "text", keyPrefix: "text", channelPrefix: "text", transportName: "text",
  clientAz: "text", replicaLagMax: "time", readFrom: readFroms, topology: topologyChoices,
  database: "count", inflightRequestsLimit: "count", waitersMax: "count", replyBytesMax: "count",
  reconnectAttemptsMax: "count", readResendsMax: "count", blockingConnectionsMax: "count",
  subscriptionsMax: "count", subscriptionMessagesMax: "count", redirectsMax: "count",
  requestTimeout: "time", connectTimeout: "time", closeTimeout: "time", reconnectWaitMin: "time",
  reconnectWaitMax: "time", healthCheckInterval: "time", credentialsRefreshBefore: "time",
  lazyConnect: "boolean", noEvict: "boolean", noTouch: "boolean",
  inflightOverflow: ["reject", "wait"], crossSlotWrites: ["refuse", "split"], protocol: [2, 3],
  subscriptionOverflow: ["drop-oldest", "drop-newest", "pause-reading"],
};

const others = ["seeds", "sentinel", "tls", "token", "protocols", "WebSocket", "clientSideCache", "memoryLimit", "transport",
  "signal", "credentials", "codec"];

/** The names of all options of a client. */
export const clientOptionNames: readonly string[] = [...Object.keys(kinds), ...others];

const tlsKinds: Record<string, Kind> = { serverName: "text", rejectUnauthorized: "boolean" };

// Refuses what is no text in PEM with such a part: the name of a file, for example. A value with any part is not shown,
// because it may be a key that is in the wrong place.
const checkPem = (name: string, value: unknown, part: string): void => {
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  if (typeof text === "string" && text.includes(`${part}-----`)) return;
  const isName = typeof value === "string" && value.length < 200 && !value.includes("-----") && part === "CERTIFICATE";
  refuse(name, `${isName ? JSON.stringify(value) : "the given value"} has no ${part} in PEM; ` +
    "give the contents of a file, a string or Uint8Array, and not its name");
};

const checkTlsOptions = (tls: unknown, name: string): void => {
  if (tls === undefined) return;
  if (typeof tls !== "object" || tls === null) {
    return refuseOption(name, tls, "an object: { ca, cert, key, serverName, rejectUnauthorized }");
  }
  checkOptions(tls, tlsKinds, ["ca", "cert", "key"], `${name}.`);
  const { ca, cert, key } = tls as Record<string, unknown>;
  const authorities = Array.isArray(ca) ? ca : ca === undefined ? [] : [ca];
  if (ca !== undefined && authorities.length === 0) refuse(`${name}.ca`, "the list is empty; give one certificate or more");
  for (const each of authorities) checkPem(`${name}.ca`, each, "CERTIFICATE");
  if (cert !== undefined) checkPem(`${name}.cert`, cert, "CERTIFICATE");
  if (key !== undefined) checkPem(`${name}.key`, key, "PRIVATE KEY");
  if ((cert === undefined) !== (key === undefined)) {
    refuse(name, `there is ${key === undefined ? "a cert without its key" : "a key without its cert"}; give both, or neither`);
  }
};

const checkSentinelOptions = (sentinel: unknown): void => {
  if (sentinel === undefined) return;
  if (typeof sentinel !== "object" || sentinel === null) {
    return refuseOption("sentinel", sentinel, "an object: { username, password, tls }");
  }
  checkOptions(sentinel, { username: "text", password: "text" }, ["tls"], "sentinel.");
  const { username, password, tls } = sentinel as SentinelOptions;
  if (username && !password) refuse("sentinel.username", "there is no sentinel.password; give both, or neither");
  if (tls !== false) checkTlsOptions(tls, "sentinel.tls");
};

const refuse = (what: string, why: string): never => {
  throw new ConfigurationError("invalid_option", `${what}: ${why}`);
};

const isFunction = (value: unknown): boolean => typeof value === "function";

/** Throws a ConfigurationError for an option that is unknown or whose value makes no sense. */
export const checkClientOptions = (options: ClientOptions): void => {
  checkObject("options", options, "{ requestTimeout: 1000 }");
  checkOptions(options, kinds, others);
  const { seeds, token, protocols, WebSocket, transport, clientSideCache, signal, credentials, codec } = options;
  if (credentials !== undefined && !isFunction(credentials)) {
    refuseOption("credentials", credentials, "a function that returns { username, password, lifetime }");
  }
  if (seeds !== undefined && !(Array.isArray(seeds) && seeds.every((each) => typeof each === "string"))) {
    refuseOption("seeds", seeds, "a list of strings, host:port");
  }
  if (token !== undefined && typeof token !== "string" && !isFunction(token)) {
    refuseOption("token", token, "a string, or a function that returns one");
  }
  if (protocols !== undefined &&
    !(Array.isArray(protocols) && protocols.every((each) => typeof each === "string"))) {
    refuseOption("protocols", protocols, "a list of strings");
  }
  if (WebSocket !== undefined && !isFunction(WebSocket)) {
    refuseOption("WebSocket", WebSocket, "a class of WebSockets");
  }
  if (transport !== undefined && !isFunction(transport)) {
    refuseOption("transport", transport, "a function that begins to connect");
  }
  if (codec !== undefined && !isCodec(codec)) {
    refuseOption("codec", codec, "an object with the functions encode and decode");
  }
  if (clientSideCache !== undefined && !(clientSideCache instanceof ClientSideCache)) {
    refuseOption("clientSideCache", clientSideCache, "a ClientSideCache");
  }
  if (signal !== undefined && !isSignal(signal)) {
    refuseOption("signal", signal, "an AbortSignal");
  }
  checkTlsOptions(options.tls, "tls");
  checkSentinelOptions(options.sentinel);
};

const byToken = "a bridge goes by a token; give the option token";

/** Throws a ConfigurationError if `credentials`, a username or a password is given where it has no effect, or
    credentials beside a password. A bridge of another kind (`protocols`) may hand AUTH on. */
export const checkCredentials = (options: ClientOptions, target: Target): void => {
  const isBridge = isWebSocket(target.address) && options.transport === undefined;
  if (options.credentials !== undefined) {
    if (options.password !== undefined || target.password !== "") {
      refuse("credentials", "there is a password as well; give one of the two");
    }
    if (isBridge) refuse("credentials", byToken);
  }
  if (!isBridge || options.protocols !== undefined) return;
  for (const name of ["username", "password"] as const) {
    if (options[name]) refuse(name, byToken);
    if (target[name] !== "") refuse(`the address has a ${name}`, byToken);
  }
};

/** Throws a ConfigurationError if there is what only a bridge takes, and the address leads to none; or if it does, and
    there is no WebSocket. A caller's own transport may use all of this as it likes. */
export const checkBridge = (options: ClientOptions, address: Address): void => {
  if (options.transport !== undefined) return;
  if (isWebSocket(address)) {
    if ((options.WebSocket ?? (globalThis as { WebSocket?: unknown }).WebSocket) === undefined) {
      refuse("WebSocket", "this runtime has none; give a class, such as that of the npm package ws: { WebSocket }");
    }
    return;
  }
  for (const name of ["token", "protocols"] as const) {
    if (options[name] !== undefined) {
      refuse(name, `only a bridge takes it, and the address is none's ("${address.protocol}://"); ` +
        `give "ws://" or "wss://", or no ${name}`);
    }
  }
};

const checkSentinel = (options: ClientOptions, { primaryName }: Target): void => {
  if (options.sentinel === undefined || primaryName !== undefined) return;
  refuse("sentinel", 'the address is not that of sentinels; give "valkey+sentinel://host:port/NAME", or no sentinel');
};

/** Throws a ConfigurationError if the client is to read from replicas, and none can be reached by this kind of address; or
    if `clientAz` and `readFrom` do not fit. */
export const checkReads = ({ readFrom = "primary", clientAz }: ClientOptions, { protocol }: Address): void => {
  const goesByZones = readFrom.startsWith("AZ");
  if (goesByZones && !clientAz) refuse("clientAz", `readFrom is "${readFrom}"; give the zone in which this program runs`);
  if (clientAz !== undefined && !goesByZones) {
    refuse("clientAz", 'readFrom does not go by zones; give "AZAffinity" or "AZAffinityReplicasAndPrimary", or no clientAz');
  }
  if (readFrom === "primary" || protocol === "valkey" || protocol === "valkeys") return;
  refuse("readFrom", `${protocol === "unix" ? "a unix socket" : "a bridge"} leads to one server, and replicas have ` +
    'addresses of their own; give "primary", or "valkey://" or "valkeys://" as the address');
};

/** The target with what the option `topology` says of it. Throws a ConfigurationError if the address says something else. */
export const withTopology = (target: Target, { topology = "automatic" }: ClientOptions): Target => {
  if (topology === "automatic") return target;
  const { address: { protocol }, primaryName, isCluster } = target;
  if (topology === "standalone") {
    if (isCluster !== true) return target;
    return refuse("topology", 'it is "standalone", and the address is that of a cluster; give "valkey://" or "valkeys://"');
  }
  const named = primaryName !== undefined ? "sentinels" : protocol === "unix" ? "a unix socket"
    : protocol === "ws" || protocol === "wss" ? "a bridge" : undefined;
  if (named === undefined) return { ...target, isCluster: true };
  return refuse("topology", `it is "cluster", and the address is that of ${named}; ` +
    'give "valkey://" or "valkeys://" and servers of the cluster');
};

/** What the core is told: what sentinels name is a single server. */
export const topologyOf = ({ primaryName, isCluster }: Target, { topology = "automatic" }: ClientOptions): TopologyChoice =>
  isCluster === true ? "cluster" : primaryName === undefined ? topology : "standalone";

/** Where the addresses lead, as the core numbers it (core/client/cluster_options.h). */
export const reachOf = ({ address: { protocol } }: Target): number =>
  protocol === "unix" ? 2 : protocol.startsWith("ws") ? 1 : 0;

// As the core has it.
const redirectsLimit = 31;

const checkCluster = (options: ClientOptions, { isCluster }: Target): void => {
  if (isCluster !== true) return;
  const { database = 0 } = options;
  if (database !== 0) refuse("database", "the address is that of a cluster, which has database 0 only; give 0, or none");
};

// The core of pages, which have no TCP, knows one server. A caller's own transport takes addresses of any kind.
const checkCore = ({ readFrom = "primary" }: ClientOptions, { primaryName, isCluster }: Target): void => {
  if (hasOtherServers) return;
  const why = 'a bundle without the condition "node" has the core of pages, whose clients have one server; give the ' +
    'address of a bridge ("ws://" or "wss://"), which may lead to a cluster, or bundle with that condition';
  if (isCluster === true) refuse("the address is that of a cluster", why);
  if (primaryName !== undefined) refuse("the address is that of sentinels", why);
  if (readFrom !== "primary") refuse("readFrom", why);
};

/** Throws a ConfigurationError if an option does not go with the kind of servers that the client is to have, or if the core of this
    program has no servers of that kind. */
export const checkServers = (options: ClientOptions, target: Target): void => {
  checkSentinel(options, target);
  checkCluster(options, target);
  checkCore(options, target);
};

/** Throws a ConfigurationError if `redirectsMax` is out of range. */
export const checkRedirects = ({ redirectsMax = 1 }: ClientOptions): void => {
  if (redirectsMax < 1 || redirectsMax > redirectsLimit) {
    refuseOption("redirectsMax", redirectsMax, `a whole number from 1 to ${redirectsLimit}`);
  }
};

/**
 * Throws a ConfigurationError if `tls` is given with an address for which it has no effect: otherwise data
 * that was meant to be secret would be sent in plaintext. A caller's own transport may use `tls` as it likes.
 */
export const checkTls = (options: ClientOptions, { address: { protocol }, primaryName, isCluster }: Target): void => {
  if (options.tls === undefined || options.transport !== undefined || protocol === "valkeys") return;
  const kind = isCluster === true ? "+cluster" : primaryName === undefined ? "" : "+sentinel";
  const why: Record<typeof protocol, string> = {
    valkey: `the address is one without TLS ("valkey${kind}://"); give "valkeys${kind}://", or no tls`,
    unix: "a unix socket has no TLS; give no tls",
    ws: 'the address is one without TLS ("ws://"); give "wss://", or no tls',
    wss: 'with "wss://" the WebSocket does TLS, and does not use this option; configure the WebSocket, ' +
      "or give no tls",
  };
  refuse("tls", why[protocol]);
};
