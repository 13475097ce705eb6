import { addressAt, serverOf } from "./address.js";
import { nodeStates, outboxAt } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { readNumbers } from "./core/fields.js";
import type { LastWords } from "./last-words.js";
import { type ClusterStatistics, noCluster } from "./statistics.js";
import type { NodeState } from "./topology.js";

// What a driver knows of the cluster that its client is one of, if there is one: how each node is, and what was sent on, as the
// core counts it.

const namesOfNode = ["port", "state", "slots", "inFlight", "problem"] as const;

const namesOfStatistics = ["moved", "asked", "sentAgain", "views", "viewsRefused", "nodesLeftOut", "scattered", "parts", "parked",
  "slotsUnserved", "problem", "shareReached"] as const;

/** What is known of all of it. */
interface Known {
  readonly nodes: readonly NodeState[];
  readonly statistics: ClusterStatistics;
  readonly slotsUnserved: number | undefined;
  /** Why no server has said who has which slot. */
  readonly problem: string | undefined;
}

const nothing: Known = { nodes: [], statistics: noCluster, slotsUnserved: undefined, problem: undefined };

export class Cluster {
  readonly #core: Core;
  readonly #id: number;
  readonly #lastWords: LastWords;
  #last: Known | undefined;
  #isOver = false;

  constructor(core: Core, id: number, lastWords: LastWords) {
    this.#core = core;
    this.#id = id;
    this.#lastWords = lastWords;
  }

  /** What is known now; after keep(), what was known then. Undefined if there is no cluster, as far as is known. */
  read(): Known | undefined {
    if (this.#isOver) return this.#last;
    const core = this.#core;
    if (core.ask(() => core.calls.plimsoll_cluster_statistics(this.#id)) === 0) return undefined;
    this.#last = nothing;
    const { problem, slotsUnserved, ...statistics } = this.#numbers(namesOfStatistics);
    const words = this.#lastWords.problem(problem, "");
    const nodes: NodeState[] = [];
    for (let node = this.#read(0); node !== undefined; node = this.#read(nodes.length)) nodes.push(node);
    return { nodes, statistics, slotsUnserved, problem: words };
  }

  /** Whether there is a cluster, as far as is known. */
  isFound(): boolean {
    return !this.#isOver && this.#core.ask(() => this.#core.calls.plimsoll_cluster_statistics(this.#id)) !== 0;
  }

  /** The client is about to end in the core. */
  keep(): void {
    this.#last = this.read();
    this.#isOver = true;
  }

  /** The core has failed, and must not be called: what it knew is lost, but for whether there is a cluster. */
  giveUp(): void { this.#isOver = true; }

  #numbers<Name extends string>(names: readonly Name[]): Record<Name, number> {
    return readNumbers(this.#core, this.#core.outbox + outboxAt.statistics, names);
  }

  #read(index: number): NodeState | undefined {
    const core = this.#core;
    if (core.ask(() => core.calls.plimsoll_cluster_node(this.#id, index)) === 0) return undefined;
    const { port, state, problem, ...numbers } = this.#numbers(namesOfNode);
    const address = serverOf(addressAt("valkey", core.spanText(0), port));
    const id = core.spanText(1);
    const words = this.#lastWords.problem(problem, address);
    return { address, ...id === "" ? {} : { id }, state: nodeStates[state]!, ...numbers,
      ...words === undefined ? {} : { problem: words } };
  }
}
