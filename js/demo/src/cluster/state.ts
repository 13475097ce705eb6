// What ./dev demo --cluster tells of itself: demo/cluster/board.cc writes it.

export interface ClusterNode {
  readonly name: string;      // "A1"
  readonly address: string;
  readonly running: boolean;
  readonly role: "primary" | "replica" | "unknown";
  readonly failed: boolean;   // by what the other nodes say
  readonly of: string | null; // the primary that a replica follows
  readonly client: string | null;  // the state of the client's connection to it
  readonly inFlight: number;
  readonly slots: number;
  readonly rate: number;      // replies a second for its slots
}

export interface News {
  readonly number: number;
  readonly at: number;        // milliseconds since the start
  readonly label: string;     // empty: more of what is before it
  readonly text: string;
}

/** A quarter of a second: replies a second, microseconds of the median and of the longest wait, requests that wait. */
export type Point = readonly [rate: number, median: number, longest: number, parked: number];

export interface State {
  readonly at: number;
  readonly doing: string;     // empty: nothing
  readonly walked: boolean;   // from here on orders are taken
  readonly nodes: readonly ClusterNode[];
  readonly slots: readonly (readonly [first: number, last: number, node: number])[];
  readonly moving: readonly [first: number, last: number, next: number] | null;
  readonly callers: readonly number[];  // the slots that are written to
  readonly points: readonly Point[];    // the last is of now
  readonly news: readonly News[];
  readonly counts: Readonly<Record<"acknowledged" | "inDoubt" | "notRun" | "readsFailed" | "wrong" | "goneWithPrimary"
    | "lists" | "reads" | "closures", number>>;
  readonly client: Readonly<Record<"moved" | "asked" | "sentAgain" | "views" | "parked" | "inFlight" | "connections"
    | "memory" | "peak" | "limit", number>>;
}

const pollInterval = 250;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/** Asks for the state for ever. `onState(undefined)`: nobody answers. */
export const watchState = async (onState: (state: State | undefined) => void): Promise<never> => {
  for (;;) {
    let state: State | null | undefined;
    try {
      state = await (await fetch("./state")).json() as State | null;
    } catch {
      state = undefined;
    }
    if (state !== null) onState(state);
    await sleep(pollInterval);
  }
};

/** Orders something, such as "kill A1". What comes of it is told in the news. */
export const sendOrder = async (order: string): Promise<void> => {
  const response = await fetch("./orders", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ order }) });
  if (!response.ok) throw new Error(await response.text());
};
