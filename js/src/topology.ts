import type { nodeStates, replicaStates } from "./core/abi.js";

// What Client.topology() returns.

/** What is known of one sentinel. */
export interface SentinelState {
  /** "127.0.0.1:26379". */
  readonly address: string;
  readonly isConnected: boolean;
  /** The address of the primary that it has named last. */
  readonly primary?: string | undefined;
  /** Why it cannot be asked, or names no primary. */
  readonly problem?: string | undefined;
}

/** What is known of one replica that the client reads from. */
export interface ReplicaState {
  /** "127.0.0.1:6380", as the primary names it. */
  readonly address: string;
  /** Of a cluster: the address of its primary. */
  readonly primary?: string | undefined;
  /** The availability zone that it says it is in. It is asked for only if `readFrom` goes by zones. */
  readonly zone?: string | undefined;
  /** "ready": it is read from. "checking": there is a connection, and what the replica has is not known to be new enough, or
      it does not answer reads. "suspect": it owes an answer for too long, and gets no reads before that has come.
      "lost": there is none, and the client tries again. "idle": of a cluster, no read has needed a connection to it yet. */
  readonly state: (typeof replicaStates)[number];
  /** Requests in flight there, and late replies that are still outstanding. */
  readonly inFlight: number;
  /** Reads that it was sent; of these, those that went on to another server because this one did not answer. */
  readonly reads: number;
  readonly readsMoved: number;
  /** The time of a round trip, smoothed, in milliseconds; 0: not known yet. */
  readonly latency: number;
  /** Why it does not answer reads. */
  readonly problem?: string | undefined;
}

/** What is known of one primary of a cluster. */
export interface NodeState {
  /** "127.0.0.1:6379", as the servers of the cluster name it. */
  readonly address: string;
  /** The id under which the cluster knows it, 40 hexadecimal digits; undefined if it is not known yet. */
  readonly id?: string | undefined;
  /** "ready": it takes requests. "idle": no request has needed a connection to it yet. "checking": it is asked whether it is the
      one that the cluster names. "suspect": it owes an answer for too long, and others are asked who has its slots. "lost":
      there is no connection, and the client tries again. */
  readonly state: (typeof nodeStates)[number];
  /** How many of the 16384 slots it has, as far as is known. */
  readonly slots: number;
  /** Requests in flight there, and late replies that are still outstanding. */
  readonly inFlight: number;
  /** Why there is no connection. */
  readonly problem?: string | undefined;
}

/** Where a client's requests go, and who has said so: what Client.topology() returns. */
export interface Topology {
  /** Whether the address is that of a server, of sentinels, or of a cluster. */
  readonly kind: "standalone" | "sentinel" | "cluster";
  /** The server that the client is connected to, or tried last; undefined if the sentinels have named none yet. Of a cluster
      the one that gets the commands without keys. */
  readonly primary: string | undefined;
  /** The sentinels of the address and those that they know, up to 16. */
  readonly sentinels: readonly SentinelState[];
  /** The replicas that the primary names, up to 8, if the client reads from them (`readFrom`); else none. */
  readonly replicas: readonly ReplicaState[];
  /** The primaries of a cluster that have slots, or did lately, up to 1,000; else none. */
  readonly nodes: readonly NodeState[];
  /** Of a cluster: how many of its 16384 slots no primary has, as far as is known. */
  readonly slotsUnserved?: number | undefined;
  /** Of a cluster: why no server has said who has which slot when one was last asked. */
  readonly slotsProblem?: string | undefined;
  /** Why the primary does not say which replicas it has. Then it answers all reads. */
  readonly replicasProblem?: string | undefined;
}
