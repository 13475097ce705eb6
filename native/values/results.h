#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What commands reply that is more than a number, a text or a list of these. decode() makes them of
// what the server says, be it RESP3 or RESP2.

namespace plimsoll::native {

/// What a command says that stores only under a condition: whether it did.
struct Stored {
  bool yes = false;
  explicit operator bool() const { return yes; }
};

struct FieldValue {
  std::string field;
  std::string value;
};

/// A member of a sorted set.
struct Scored {
  std::string member;
  double score = 0;
};

struct Ranked {
  std::int64_t rank = 0;
  double score = 0;
};

/// An element, and the key of the list that it was taken from.
struct KeyAndElement {
  std::string key;
  std::string element;
};

struct PoppedElements {
  std::string key;
  std::vector<std::string> elements;
};

struct PoppedScore {
  std::string key;
  std::string member;
  double score = 0;
};

struct PoppedScores {
  std::string key;
  std::vector<Scored> members;
};

/// One step of a walk. `cursor` is for the next step; "0": that was the last.
struct ScanPage {
  std::string cursor;
  std::vector<std::string> elements;
};

struct HashScanPage {
  std::string cursor;
  std::vector<FieldValue> fields;
};

struct SortedSetScanPage {
  std::string cursor;
  std::vector<Scored> members;
};

/// In degrees.
struct Position {
  double longitude = 0;
  double latitude = 0;
};

/// A member that a search found, with what it was asked for besides.
struct Place {
  std::string member;
  std::optional<double> distance;
  std::optional<std::int64_t> hash;
  std::optional<Position> position;
};

/// Where two strings have the same text: the first and last byte of it in each.
struct LcsMatch {
  std::int64_t first_begin = 0;
  std::int64_t first_end = 0;
  std::int64_t second_begin = 0;
  std::int64_t second_end = 0;
  std::optional<std::int64_t> length;
};

struct LcsMatches {
  std::vector<LcsMatch> matches;
  std::int64_t length = 0;  ///< of the longest common subsequence
};

struct StreamEntry {
  std::string id;
  std::vector<FieldValue> fields;
  bool deleted = false;  ///< it was delivered once, and is no longer in the stream
};

struct StreamEntries {
  std::string stream;
  std::vector<StreamEntry> entries;
};

struct ClaimedEntries {
  std::string next;  ///< the id to go on from; "0-0": that was all
  std::vector<StreamEntry> entries;
  std::vector<std::string> deleted;
};

struct ClaimedIds {
  std::string next;
  std::vector<std::string> ids;
  std::vector<std::string> deleted;
};

/// An entry that was delivered and not yet acknowledged.
struct PendingEntry {
  std::string id;
  std::string consumer;
  std::chrono::milliseconds idle{};
  std::int64_t deliveries = 0;
};

struct PendingOfConsumer {
  std::string consumer;
  std::int64_t count = 0;
};

struct PendingSummary {
  std::int64_t count = 0;
  std::optional<std::string> lowest;
  std::optional<std::string> highest;
  std::vector<PendingOfConsumer> consumers;
};

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

struct GroupInfo {
  std::string name;
  std::int64_t consumers = 0;
  std::int64_t pending = 0;
  std::string last_delivered_id;
  std::optional<std::int64_t> entries_read;
  std::optional<std::int64_t> lag;
};

struct ConsumerInfo {
  std::string name;
  std::int64_t pending = 0;
  std::chrono::milliseconds idle{};
  /// Since it was last given something; none: never, or the server does not say.
  std::optional<std::chrono::milliseconds> inactive;
};

struct LatencySample {
  std::chrono::sys_seconds at{};
  std::chrono::milliseconds latency{};
};

struct LatencyEvent {
  std::string event;
  std::chrono::sys_seconds at{};
  std::chrono::milliseconds last{};
  std::chrono::milliseconds highest{};
};

struct SlowCommand {
  std::int64_t id = 0;
  std::chrono::sys_seconds at{};
  std::chrono::microseconds duration{};
  std::vector<std::string> words;
  std::string client_address;
  std::string client_name;
};

struct ServerTime {
  std::chrono::sys_time<std::chrono::microseconds> at{};
};

}  // namespace plimsoll::native
