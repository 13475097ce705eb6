import { cacheStates, errorNames, outboxAt, states } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { readNumbers } from "./core/fields.js";
import { type MemoryStatistics, getMemoryStatistics } from "./memory.js";

// The statistics of a client, as the core counts them.

const names = [
  "state", "inFlight", "submitted", "rejected", "completed", "failed", "pushed", "repliesSkipped",
  "pushesSkipped", "bytesRead", "bytesWritten", "connections", "connectionsLost",
  "connectionsDead", "attemptsFailed", "healthChecks", "requestsResent", "waiting", "waited",
  "waitersRefused", "blockingConnections", "subscriptions", "cacheState", "lastProblem", "creditBytes",
] as const;

/** What a client has read from replicas (`readFrom`); all 0 for one that reads from the primary. */
export interface ReplicasStatistics {
  /** Reads that were sent to replicas; of these, those that went on to another server. */
  readonly reads: number;
  readonly readsMoved: number;
  /** Reads that were sent to the primary because of what the client has written, though a replica was there. */
  readonly readsBehind: number;
  /** How often the servers were asked how much they have. */
  readonly rounds: number;
  /** Replicas that the primary named last for which there is no place: a client reads from 8 at most; with a cluster from 256,
      and from 8 of each primary. */
  readonly leftOut: number;
}

/** @internal The statistics of a client that reads from no replica. */
export const noReplicas: ReplicasStatistics = { reads: 0, readsMoved: 0, readsBehind: 0, rounds: 0, leftOut: 0 };

/** What a client has done in its cluster; all 0 for one that has none. */
export interface ClusterStatistics {
  /** Requests that went on to another server because one has said MOVED; and because one has said ASK. */
  readonly moved: number;
  readonly asked: number;
  /** Requests that a server did not run for another reason, or never got whole, and that were sent again. */
  readonly sentAgain: number;
  /** How often a server has said who has which slot; and how often one should have, and did not. */
  readonly views: number;
  readonly viewsRefused: number;
  /** Primaries for which there was no place: a client has a connection to 1000 at most. */
  readonly nodesLeftOut: number;
  /** Requests that went to several slots or servers, in parts; and how many parts of them were sent. */
  readonly scattered: number;
  readonly parts: number;
  /** Requests that wait now until their slot has an owner, or has finished to move. */
  readonly parked: number;
  /** How often a request met a server that had its share of inflightRequestsLimit, or of the memory for requests. */
  readonly shareReached: number;
}

/** @internal The statistics of a client that has no cluster. */
export const noCluster: ClusterStatistics =
  { moved: 0, asked: 0, sentAgain: 0, views: 0, viewsRefused: 0, nodesLeftOut: 0, scattered: 0, parts: 0, parked: 0,
    shareReached: 0 };

/** The result of Client.getStatistics(). Counters cover the client's whole life. */
export interface ClientStatistics {
  /** The state of the main connection. */
  readonly state: (typeof states)[number];
  /** Requests in flight now, and requests that wait for room now. */
  readonly inFlight: number;
  readonly waiting: number;
  /** Requests that were accepted, and requests that a limit refused. */
  readonly submitted: number;
  readonly rejected: number;
  /** Requests that got their reply, and requests that ended with an error, the server's included: the outcomes of those that
      were submitted. */
  readonly completed: number;
  readonly failed: number;
  /** Messages that the server pushed. */
  readonly pushed: number;
  /** Replies (ReplyTooLargeError) and pushed messages that were skipped for lack of room. */
  readonly repliesSkipped: number;
  readonly pushesSkipped: number;
  /** Bytes that were read and written on the main connection. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Connections that were made; of these, how many were lost, and how many because the server was silent;
      and attempts to connect that failed. */
  readonly connections: number;
  readonly connectionsLost: number;
  readonly connectionsDead: number;
  readonly attemptsFailed: number;
  /** How often the client sent a PING to a silent server. */
  readonly healthChecks: number;
  /** Reads that were sent again after a connection was lost (readResendsMax). */
  readonly requestsResent: number;
  /** Requests that had to wait for room, and requests that were refused because waitersMax waited. */
  readonly waited: number;
  readonly waitersRefused: number;
  /** Connections that are open now for commands that block, and for subscriptions. */
  readonly blockingConnections: number;
  readonly subscriptions: number;
  /** How the client's cache learns that an entry is outdated: by tracking, by ttl, or it is off. */
  readonly cacheState: (typeof cacheStates)[number];
  /** Why the client had no connection when it last had none; "none" if it always had one. */
  readonly lastProblem: (typeof errorNames)[number];
  /** Bytes that bridges were granted and that were not read yet. They count in the memory limit. */
  readonly creditBytes: number;
  /** Bytes that were received and wait for room. Those that a bridge was granted count in the memory limit.
      Others do not: their sender cannot be made to wait. */
  readonly unreadBytes: number;
  /** What the client has read from replicas. */
  readonly replicas: ReplicasStatistics;
  /** What the client has done in its cluster. */
  readonly cluster: ClusterStatistics;
  /** The memory of all clients and caches of this process or isolate. */
  readonly memory: MemoryStatistics;
}

/** @internal The same as numbers. */
export type ClientCounters = Record<(typeof names)[number], number>;

/** @internal Reads the numbers that the core counts. */
export const readCounters = (core: Core, id: number): ClientCounters => {
  core.ask(() => core.calls.plimsoll_client_statistics(id));
  return readNumbers(core, core.outbox + outboxAt.statistics, names);
};

const noCounters = (state: (typeof states)[number]): ClientCounters => ({
  ...Object.fromEntries(names.map((name) => [name, 0])) as ClientCounters,
  state: states.indexOf(state),
});

/** @internal A client whose numbers are read: its Driver. */
export interface CountedClient {
  /** Undefined if the core has failed. */
  readonly counters: ClientCounters | undefined;
  readonly unreadBytes: number;
  readonly replicasStatistics: ReplicasStatistics;
  readonly clusterStatistics: ClusterStatistics;
}

/** @internal `client` is undefined before its first connection is wanted. */
export const readClientStatistics = (client: CountedClient | undefined): ClientStatistics => {
  // The numbers of a client whose core has failed are lost.
  const numbers = client === undefined ? noCounters("idle") : client.counters ?? noCounters("closed");
  return {
    ...numbers,
    state: states[numbers.state]!,
    cacheState: cacheStates[numbers.cacheState]!,
    lastProblem: errorNames[numbers.lastProblem]!,
    unreadBytes: client?.unreadBytes ?? 0,
    replicas: client?.replicasStatistics ?? noReplicas,
    cluster: client?.clusterStatistics ?? noCluster,
    memory: getMemoryStatistics(),
  };
};
