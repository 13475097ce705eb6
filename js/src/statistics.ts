import { cacheStates, errorNames, outboxAt, states } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { readNumbers } from "./core/fields.js";
import type { Driver } from "./driver.js";
import { type MemoryStatistics, getMemoryStatistics } from "./memory.js";

// What a client has done, as the core counts it.

const names = [
  "state", "inFlight", "submitted", "rejected", "completed", "failed", "pushed", "repliesSkipped",
  "pushesSkipped", "bytesRead", "bytesWritten", "connections", "connectionsLost",
  "connectionsDead", "attemptsFailed", "healthChecks", "requestsResent", "waiting", "waited",
  "waitersRefused", "blockingConnections", "subscriptions", "cacheState", "lastProblem", "creditBytes",
] as const;

/** What Client.getStatistics() tells. Counters are of the client's whole life. */
export interface ClientStatistics {
  /** Of its main connection. */
  readonly state: (typeof states)[number];
  /** Requests under way, and those that wait for room. */
  readonly inFlight: number;
  readonly waiting: number;
  /** Requests that were taken, and those that a limit refused. */
  readonly submitted: number;
  readonly rejected: number;
  /** Outcomes: replies, errors of the server among them, and all others. */
  readonly completed: number;
  readonly failed: number;
  /** Messages that the server pushed. */
  readonly pushed: number;
  /** For want of room: replies (ReplyTooLargeError), and pushed messages. */
  readonly repliesSkipped: number;
  readonly pushesSkipped: number;
  /** Of the main connection, in bytes. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Connections that were made; that ended by themselves; that gave no sign of life; and attempts
      that failed. */
  readonly connections: number;
  readonly connectionsLost: number;
  readonly connectionsDead: number;
  readonly attemptsFailed: number;
  /** How often the server was asked for a sign of life. */
  readonly healthChecks: number;
  /** Reads that were sent again (readResendsMax). */
  readonly requestsResent: number;
  /** Requests that had to wait for room, and those that could not even do that. */
  readonly waited: number;
  readonly waitersRefused: number;
  /** Connections beside the main one: for commands that block, and of subscriptions. */
  readonly blockingConnections: number;
  readonly subscriptions: number;
  /** What its cache relies on: tracking, ttl, or off. */
  readonly cacheState: (typeof cacheStates)[number];
  /** Why there was no connection, the last time. */
  readonly lastProblem: (typeof errorNames)[number];
  /** Bytes that a bridge may send by the credits that it has, or that it has sent by them and that
      are not read: charged to the memory line. */
  readonly creditBytes: number;
  /** Bytes that have come and wait for room. Those that came by credits are within the line; others,
      of a sender that cannot be made to wait, are outside. */
  readonly unreadBytes: number;
  /** Of all clients and caches here. */
  readonly memory: MemoryStatistics;
}

/** @internal The same as numbers. */
export type ClientFigures = Record<(typeof names)[number], number>;

/** @internal What the core counts. */
export const readFigures = (core: Core, id: number): ClientFigures => {
  core.ask(() => core.calls.plimsoll_client_statistics(id));
  return readNumbers(core, core.outbox + outboxAt.statistics, names);
};

// Of a client whose core has failed nothing is known any more.
const noFigures = (): ClientFigures => ({
  ...Object.fromEntries(names.map((name) => [name, 0])) as ClientFigures,
  state: states.indexOf("closed"),
});

/** @internal */
export const readClientStatistics = (driver: Driver): ClientStatistics => {
  const numbers = driver.figures ?? noFigures();
  return {
    ...numbers,
    state: states[numbers.state]!,
    cacheState: cacheStates[numbers.cacheState]!,
    lastProblem: errorNames[numbers.lastProblem]!,
    unreadBytes: driver.unreadBytes,
    memory: getMemoryStatistics(),
  };
};
