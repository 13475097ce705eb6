import { addressAt, serverOf } from "./address.js";
import { outboxAt, replicaStates } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { readNumbers } from "./core/fields.js";
import type { LastWords } from "./last-words.js";
import { type ReplicasStatistics, noReplicas } from "./statistics.js";
import type { ReplicaState } from "./topology.js";

// What a driver knows of the replicas that its client reads from: how each is, and what was read, as the core counts it.

const namesOfReplica = ["port", "state", "inFlight", "reads", "readsMoved", "latency", "problem", "primaryPort"] as const;

const namesOfStatistics = ["reads", "readsMoved", "readsBehind", "rounds", "leftOut", "problem"] as const;

/** What is known of all of them. */
interface Known {
  readonly states: readonly ReplicaState[];
  readonly statistics: ReplicasStatistics;
  /** Why the primary does not say which replicas it has. */
  readonly problem: string | undefined;
}

export class Replicas {
  readonly #core: Core;
  readonly #id: number;
  readonly #lastWords: LastWords;
  #last: Known | undefined;

  constructor(core: Core, id: number, lastWords: LastWords) {
    this.#core = core;
    this.#id = id;
    this.#lastWords = lastWords;
  }

  /** What is known now; after keep(), what was known then. */
  read(): Known {
    if (this.#last !== undefined) return this.#last;
    const core = this.#core;
    const isRead = core.ask(() => core.calls.plimsoll_replicas_statistics(this.#id)) === 1;
    if (!isRead) return { states: [], statistics: noReplicas, problem: undefined };
    const { problem, ...statistics } = this.#numbers(namesOfStatistics);
    const words = this.#lastWords.problem(problem, "");
    const states: ReplicaState[] = [];
    for (let state = this.#read(0); state !== undefined; state = this.#read(states.length)) states.push(state);
    return { states, statistics, problem: words };
  }

  /** The client is about to end in the core. */
  keep(): void { this.#last = this.read(); }

  /** The core has failed, and must not be called: what it knew is lost. */
  giveUp(): void { this.#last ??= { states: [], statistics: noReplicas, problem: undefined }; }

  #numbers<Name extends string>(names: readonly Name[]): Record<Name, number> {
    return readNumbers(this.#core, this.#core.outbox + outboxAt.statistics, names);
  }

  #read(index: number): ReplicaState | undefined {
    const core = this.#core;
    if (core.ask(() => core.calls.plimsoll_replica(this.#id, index)) === 0) return undefined;
    const { port, state, problem, primaryPort, ...numbers } = this.#numbers(namesOfReplica);
    const address = serverOf(addressAt("valkey", core.spanText(0), port));
    const zone = core.spanText(1);
    const primary = primaryPort === 0 ? {} : { primary: serverOf(addressAt("valkey", core.spanText(2), primaryPort)) };
    const words = this.#lastWords.problem(problem, address);
    return { address, ...primary, ...zone === "" ? {} : { zone }, state: replicaStates[state]!, ...numbers,
      ...words === undefined ? {} : { problem: words } };
  }
}
