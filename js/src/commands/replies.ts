import type { As } from "./call.js";

// What commands reply that is more than a number, a string or a list of these. `A` is how strings
// were wanted.

/** A string of the server. */
export type Text<A extends As = "text"> = A extends "bytes" ? Uint8Array : string;

/** Names and values: an object without a prototype, or pairs where strings are wanted as bytes. */
export type Fields<A extends As = "text", T = Text<A>> =
  A extends "bytes" ? [Uint8Array, T][] : Record<string, T>;

/** Elements of which none is there twice: a Set, or an array where they are wanted as bytes. */
export type Distinct<A extends As = "text"> = A extends "bytes" ? Uint8Array[] : Set<string>;

/** A member of a sorted set. */
export interface Scored<A extends As = "text"> { member: Text<A>; score: number }

/** Where a member stands in a sorted set, from 0, and its score. */
export interface Ranked { rank: number; score: number }

/** An element, and the key of the list that it was taken from. */
export interface KeyAndElement<A extends As = "text"> { key: Text<A>; element: Text<A> }

/** Elements, and the key of the list that they were taken from. */
export interface PoppedElements<A extends As = "text"> { key: Text<A>; elements: Text<A>[] }

/** A member, and the key of the sorted set that it was taken from. */
export interface PoppedScore<A extends As = "text"> {
  key: Text<A>;
  member: Text<A>;
  score: number;
}

/** Members, and the key of the sorted set that they were taken from. */
export interface PoppedScores<A extends As = "text"> { key: Text<A>; members: Scored<A>[] }

/** One step of a walk. `cursor` is for the next step; "0": that was the last. */
export interface ScanPage<A extends As = "text"> { cursor: string; elements: Text<A>[] }

/** One step of a walk over a hash. */
export interface HashScanPage<A extends As = "text"> { cursor: string; fields: Fields<A> }

/** One step of a walk over a sorted set. */
export interface SortedSetScanPage<A extends As = "text"> { cursor: string; members: Scored<A>[] }

/** In degrees. */
export interface Position { longitude: number; latitude: number }

/** A member that a search found, with what it was asked for besides. */
export interface Place<A extends As = "text"> {
  member: Text<A>;
  distance?: number;
  hash?: number;
  position?: Position;
}

/** Where two strings have the same text: its first and its last byte in each. */
export interface LcsMatch { first: [number, number]; second: [number, number]; length?: number }

/** Common parts of two strings; `length` is that of the longest common subsequence. */
export interface LcsMatches { matches: LcsMatch[]; length: number }

/** An entry of a stream. `fields`: null if it was deleted since it was delivered. A name that is
    there twice has its last value; as bytes all are there. */
export interface StreamEntry<A extends As = "text"> { id: string; fields: Fields<A> | null }

/** What one stream has of what was asked for. */
export interface StreamEntries<A extends As = "text"> {
  stream: Text<A>;
  entries: StreamEntry<A>[];
}

/** What was claimed. `next`: the id to go on from; "0-0": that was all. */
export interface ClaimedEntries<A extends As = "text"> {
  next: string;
  entries: StreamEntry<A>[];
  deleted: string[];
}

/** What was claimed, by ids. `next`: the id to go on from; "0-0": that was all. */
export interface ClaimedIds { next: string; ids: string[]; deleted: string[] }

/** An entry that was delivered and not yet acknowledged; `idle` in milliseconds. */
export interface PendingEntry<A extends As = "text"> {
  id: string;
  consumer: Text<A>;
  idle: number;
  deliveries: number;
}

/** How many entries a consumer has not acknowledged. */
export interface PendingOfConsumer<A extends As = "text"> { consumer: Text<A>; count: number }

/** All that a group has not acknowledged: how much, from which id to which, and whose it is. */
export interface PendingSummary<A extends As = "text"> {
  count: number;
  lowest: string | null;
  highest: string | null;
  consumers: PendingOfConsumer<A>[];
}

/** What XINFO STREAM tells. */
export interface StreamInfo<A extends As = "text"> {
  length: number;
  radixTreeKeys: number;
  radixTreeNodes: number;
  lastGeneratedId: string;
  maxDeletedEntryId: string;
  entriesAdded: number;
  recordedFirstEntryId: string;
  groups: number;
  firstEntry: StreamEntry<A> | null;
  lastEntry: StreamEntry<A> | null;
}

/** What XINFO GROUPS tells of a group; null: the server does not know. */
export interface GroupInfo<A extends As = "text"> {
  name: Text<A>;
  consumers: number;
  pending: number;
  lastDeliveredId: string;
  entriesRead: number | null;
  lag: number | null;
}

/** What XINFO CONSUMERS tells. In milliseconds: `idle`, and `inactive` since it was last given
    something; null: never, or the server does not say. */
export interface ConsumerInfo<A extends As = "text"> {
  name: Text<A>;
  pending: number;
  idle: number;
  inactive: number | null;
}

/** One latency, in milliseconds. */
export interface LatencySample { at: Date; latency: number }

/** The last and the highest latency of an event, in milliseconds. */
export interface LatencyEvent<A extends As = "text"> {
  event: Text<A>;
  at: Date;
  last: number;
  highest: number;
}

/** A command that took long; `duration` in microseconds. */
export interface SlowCommand<A extends As = "text"> {
  id: number;
  at: Date;
  duration: number;
  words: Text<A>[];
  clientAddress: string;
  clientName: Text<A>;
}

/** Unix time, and the microseconds of its second. */
export interface ServerTime { seconds: number; microseconds: number }
