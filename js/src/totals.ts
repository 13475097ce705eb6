import { states } from "./core/abi.js";
import type { CountedClient } from "./statistics.js";

// What all clients of this process or isolate have done together, those that have ended included, so that no sum
// ever falls. A request costs nothing for this: clients are counted where they begin and end, and summed up when
// somebody asks.

const counted = [
  "submitted", "rejected", "waited", "waitersRefused", "completed", "failed", "requestsResent", "pushed",
  "repliesSkipped", "pushesSkipped", "bytesRead", "bytesWritten", "connections", "connectionsLost", "connectionsDead",
  "attemptsFailed", "healthChecks",
] as const;

const present = ["inFlight", "waiting", "blockingConnections", "subscriptions"] as const;

type Counts = Record<(typeof counted)[number], number>;

/** Counters of all clients that there have been, and what those that live have now. */
export interface Totals extends Counts, Record<(typeof present)[number], number> {
  /** Clients that live, without those whose first connection nobody has needed yet. */
  clients: number;
  clientsReady: number;
  connectionsOpen: number;
}

/** A client that counts in the sums: its Driver. */
export interface SummedClient extends CountedClient { readonly connectionsOpen: number }

const zeros = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;

const add = <Name extends string>(sums: Record<Name, number>, names: readonly Name[],
  numbers: Readonly<Record<Name, number>>): void => {
  for (const name of names) sums[name] += numbers[name];
};

// With each the counters that a sum has last had of it: if the core fails, its own are lost, and a sum must not fall.
const living = new Map<SummedClient, Readonly<Counts> | undefined>();
const ended: Counts = zeros(counted);

/** A client has begun. */
export const noteBegun = (client: SummedClient): void => { living.set(client, undefined); };

/** A client has ended, and its counters are its last. */
export const noteEnded = (client: SummedClient): void => {
  const last = client.counters ?? living.get(client);
  if (living.delete(client) && last !== undefined) add(ended, counted, last);
};

/** Throws a CoreError if the core fails at that. */
export const readTotals = (): Totals => {
  const totals: Totals = { ...ended, ...zeros(present), clients: 0, clientsReady: 0, connectionsOpen: 0 };
  for (const client of [...living.keys()]) {
    const counters = client.counters;
    if (counters === undefined) continue;
    living.set(client, counters);
    add(totals, counted, counters);
    add(totals, present, counters);
    ++totals.clients;
    if (states[counters.state] === "ready") ++totals.clientsReady;
    totals.connectionsOpen += client.connectionsOpen;
  }
  return totals;
};
