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

/** Where a client's requests go, and who has said so: what Client.topology() returns. */
export interface Topology {
  /** Whether the address is that of a server, or of sentinels. */
  readonly kind: "standalone" | "sentinel";
  /** The server that the client is connected to, or tried last; undefined if the sentinels have named none yet. */
  readonly primary: string | undefined;
  /** The sentinels of the address and those that they know, up to 16. */
  readonly sentinels: readonly SentinelState[];
}
