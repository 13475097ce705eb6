import type { As, Decoder } from "./call.js";

// The types of replies that are more than a number, a string or a list of these. `A` says how strings are
// returned.

/** A string in a reply; with `as: "json"` or a Decoder, what that makes of it. */
export type Text<A extends As = "text"> =
  A extends "text" ? string : A extends "bytes" ? Uint8Array :
    A extends "json" ? any : A extends Decoder<infer T> ? T : never;

/** The name of a key, field, channel or consumer in a reply: text, but for `as: "bytes"`. */
export type Name<A extends As = "text"> = A extends "bytes" ? Uint8Array : string;

/** Names and values: an object; with `as: "bytes"` an array of pairs. */
export type Fields<A extends As = "text", T = Text<A>> =
  A extends "bytes" ? [Uint8Array, T][] : Record<string, T>;

/** Distinct elements: a Set of text; anything else is in an array. */
export type Distinct<A extends As = "text"> = A extends "text" ? Set<string> : Text<A>[];

/** A member of a sorted set. */
export interface Scored<A extends As = "text"> { member: Text<A>; score: number }

/** The rank of a member in a sorted set, from 0, and its score. */
export interface Ranked { rank: number; score: number }

/** An element, and the key of the list from which it was popped. */
export interface KeyAndElement<A extends As = "text"> { key: Name<A>; element: Text<A> }

/** Elements, and the key of the list from which they were popped. */
export interface PoppedElements<A extends As = "text"> { key: Name<A>; elements: Text<A>[] }

/** A member, and the key of the sorted set from which it was popped. */
export interface PoppedScore<A extends As = "text"> {
  key: Name<A>;
  member: Text<A>;
  score: number;
}

/** Members, and the key of the sorted set from which they were popped. */
export interface PoppedScores<A extends As = "text"> { key: Name<A>; members: Scored<A>[] }

/** One step of a scan. Pass `cursor` to the next step; "0" means that this was the last. */
export interface ScanPage<A extends As = "text"> { cursor: string; elements: Text<A>[] }

/** One step of a scan of a hash; `cursor` as in ScanPage. */
export interface HashScanPage<A extends As = "text"> { cursor: string; fields: Fields<A> }

/** One step of a scan of a sorted set; `cursor` as in ScanPage. */
export interface SortedSetScanPage<A extends As = "text"> { cursor: string; members: Scored<A>[] }

/** A position on the earth, in degrees. */
export interface Position { longitude: number; latitude: number }

/** A member that a search found, with the details that the search asked for. `distance` is in the unit of the
    search. */
export interface Place<A extends As = "text"> {
  member: Text<A>;
  distance?: number;
  hash?: number;
  position?: Position;
}

/** A part that two strings have in common: the places of its first and last byte in each. */
export interface LcsMatch { first: [number, number]; second: [number, number]; length?: number }

/** The common parts of two strings; `length` is that of the longest common subsequence. */
export interface LcsMatches { matches: LcsMatch[]; length: number }

/** An entry of a stream. `fields` is null if the entry was deleted after it was delivered. If a name occurs
    twice, the object has its last value; with `as: "bytes"`, all pairs are there. */
export interface StreamEntry<A extends As = "text"> { id: string; fields: Fields<A> | null }

/** The entries of one stream. */
export interface StreamEntries<A extends As = "text"> {
  stream: Name<A>;
  entries: StreamEntry<A>[];
}

/** Claimed entries. Continue from the id `next`; "0-0" means that these were the last. `deleted` are ids of
    entries that no longer exist. */
export interface ClaimedEntries<A extends As = "text"> {
  next: string;
  entries: StreamEntry<A>[];
  deleted: string[];
}

/** The ids of claimed entries; `next` and `deleted` as in ClaimedEntries. */
export interface ClaimedIds { next: string; ids: string[]; deleted: string[] }

/** An entry that was delivered and not acknowledged; `idle` is in milliseconds. */
export interface PendingEntry<A extends As = "text"> {
  id: string;
  consumer: Name<A>;
  idle: number;
  deliveries: number;
}

/** The number of entries that a consumer has not acknowledged. */
export interface PendingOfConsumer<A extends As = "text"> { consumer: Name<A>; count: number }

/** The entries that a group has not acknowledged: their number, the lowest and the highest id (null if there
    are none), and the number for each consumer. */
export interface PendingSummary<A extends As = "text"> {
  count: number;
  lowest: string | null;
  highest: string | null;
  consumers: PendingOfConsumer<A>[];
}

/** The reply to XINFO STREAM. */
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

/** A group in the reply to XINFO GROUPS. A value is null if the server does not know it. */
export interface GroupInfo<A extends As = "text"> {
  name: Name<A>;
  consumers: number;
  pending: number;
  lastDeliveredId: string;
  entriesRead: number | null;
  lag: number | null;
}

/** A consumer in the reply to XINFO CONSUMERS. `idle`, and `inactive` since the consumer last got an entry,
    are in milliseconds. `inactive` is null if the consumer never got one, or the server does not say. */
export interface ConsumerInfo<A extends As = "text"> {
  name: Name<A>;
  pending: number;
  idle: number;
  inactive: number | null;
}

/** One measured latency, in milliseconds. */
export interface LatencySample { at: Date; latency: number }

/** The last and the highest latency of an event, in milliseconds. */
export interface LatencyEvent<A extends As = "text"> {
  event: Name<A>;
  at: Date;
  last: number;
  highest: number;
}

/** An entry of the server's slow log; `duration` is in microseconds. */
export interface SlowCommand<A extends As = "text"> {
  id: number;
  at: Date;
  duration: number;
  words: Text<A>[];
  clientAddress: string;
  clientName: Name<A>;
}

/** The server's time: Unix time in seconds, and the microseconds within the second. */
export interface ServerTime { seconds: number; microseconds: number }
