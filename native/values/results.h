#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Types for replies that are more than a number, a string or a list of these. decode() makes them
// from RESP3 and RESP2.

namespace plimsoll::inline v0::native {

/// Whether a command that stores only under a condition has stored.
struct Stored {
  bool yes = false;
  explicit operator bool() const { return yes; }
};

/// A field with its value, of a hash or of a stream's entry.
struct FieldValue {
  std::string field;
  std::string value;
};

/// A member of a sorted set, with its score.
struct Scored {
  std::string member;
  double score = 0;
};

/// ZRANK and ZREVRANK with WITHSCORE: a member's place, counted from 0, and its score.
struct Ranked {
  std::int64_t rank = 0;
  double score = 0;
};

/// An element, and the key of the list that it was taken from.
struct KeyAndElement {
  std::string key;
  std::string element;
};

/// LMPOP and BLMPOP: the list that had elements, and those taken from it.
struct PoppedElements {
  std::string key;
  std::vector<std::string> elements;
};

/// BZPOPMIN and BZPOPMAX: the sorted set that had a member, and that member.
struct PoppedScore {
  std::string key;
  std::string member;
  double score = 0;
};

/// ZMPOP and BZMPOP: the sorted set that had members, and those taken from it.
struct PoppedScores {
  std::string key;
  std::vector<Scored> members;
};

/// One step of a walk. Pass `cursor` to the next step; "0": this was the last step. A text: of a
/// walk over a cluster it has up to 5.5 KiB.
struct ScanPage {
  std::string cursor;
  std::vector<std::string> elements;
};

/// One reply to HSCAN: the cursor of the next, "0" after the last, and fields with their values.
struct HashScanPage {
  std::string cursor;
  std::vector<FieldValue> fields;
};

/// One reply to ZSCAN: the cursor of the next, "0" after the last, and members with their scores.
struct SortedSetScanPage {
  std::string cursor;
  std::vector<Scored> members;
};

/// A place on the earth, in degrees.
struct Position {
  double longitude = 0;
  double latitude = 0;
};

/// A member that a search found, with the parts that the search asked for. `distance` is in the
/// search's unit, `hash` is the raw geohash.
struct Place {
  std::string member;
  std::optional<double> distance;
  std::optional<std::int64_t> hash;
  std::optional<Position> position;
};

/// Where two strings have the same text: the index of its first and of its last byte in each
/// string.
struct LcsMatch {
  std::int64_t first_begin = 0;
  std::int64_t first_end = 0;
  std::int64_t second_begin = 0;
  std::int64_t second_end = 0;
  std::optional<std::int64_t> length;  ///< of the text, in bytes
};

/// LCS with IDX: where two strings have the same parts, from the last to the first.
struct LcsMatches {
  std::vector<LcsMatch> matches;
  std::int64_t length = 0;  ///< of the longest common subsequence
};

/// An entry of a stream: its id, and its fields in the order in which they were added.
struct StreamEntry {
  std::string id;
  std::vector<FieldValue> fields;
  bool deleted = false;  ///< a consumer was given the entry, and it is no longer in the stream
};

/// The entries that XREAD or XREADGROUP found in one stream.
struct StreamEntries {
  std::string stream;
  std::vector<StreamEntry> entries;
};

/// XAUTOCLAIM: entries that now belong to the consumer, and ids that are no longer in the stream.
struct ClaimedEntries {
  std::string next;  ///< the id to go on from; "0-0": the walk is over
  std::vector<StreamEntry> entries;
  std::vector<std::string> deleted;
};

/// XAUTOCLAIM with JUSTID: the same without fields. `next` is as in ClaimedEntries.
struct ClaimedIds {
  std::string next;
  std::vector<std::string> ids;
  std::vector<std::string> deleted;
};

/// An entry that a consumer was given, and has not acknowledged.
struct PendingEntry {
  std::string id;
  std::string consumer;
  std::chrono::milliseconds idle{};
  std::int64_t deliveries = 0;
};

/// How many entries of a group one consumer has not acknowledged.
struct PendingOfConsumer {
  std::string consumer;
  std::int64_t count = 0;
};

/// XPENDING without a range: a group's entries that are not acknowledged. The ids are none if it
/// has none.
struct PendingSummary {
  std::int64_t count = 0;
  std::optional<std::string> lowest;
  std::optional<std::string> highest;
  std::vector<PendingOfConsumer> consumers;
};

/// XINFO STREAM without FULL: length, ids, groups, first and last entry of a stream.
struct StreamInfo {
  std::int64_t length = 0;
  std::int64_t radix_tree_keys = 0;
  std::int64_t radix_tree_nodes = 0;
  std::string last_generated_id;
  std::string max_deleted_entry_id;
  std::int64_t entries_added = 0;
  std::string recorded_first_entry_id;
  std::int64_t groups = 0;
  std::optional<StreamEntry> first_entry;
  std::optional<StreamEntry> last_entry;
};

/// XINFO GROUPS: a consumer group of a stream.
struct GroupInfo {
  std::string name;
  std::int64_t consumers = 0;
  std::int64_t pending = 0;
  std::string last_delivered_id;
  std::optional<std::int64_t> entries_read;
  std::optional<std::int64_t> lag;
};

/// XINFO CONSUMERS: a consumer of a group.
struct ConsumerInfo {
  std::string name;
  std::int64_t pending = 0;
  std::chrono::milliseconds idle{};
  /// How long ago it was last given an entry; none: never, or the server does not say.
  std::optional<std::chrono::milliseconds> inactive;
};

/// LATENCY HISTORY: one delay that the server measured.
struct LatencySample {
  std::chrono::sys_seconds at{};
  std::chrono::milliseconds latency{};
};

/// LATENCY LATEST: the last and the longest delay of one kind of event.
struct LatencyEvent {
  std::string event;
  std::chrono::sys_seconds at{};
  std::chrono::milliseconds last{};
  std::chrono::milliseconds highest{};
};

/// SLOWLOG GET: a command that took long, and who sent it.
struct SlowCommand {
  std::int64_t id = 0;
  std::chrono::sys_seconds at{};
  std::chrono::microseconds duration{};
  std::vector<std::string> words;
  std::string client_address;
  std::string client_name;
};

/// TIME: the server's clock.
struct ServerTime {
  std::chrono::sys_time<std::chrono::microseconds> at{};
};

}  // namespace plimsoll::inline v0::native
