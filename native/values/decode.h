#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plimsoll/core/resp/value.h"
#include "plimsoll/reply.h"
#include "plimsoll/result.h"
#include "plimsoll/results.h"
#include "plimsoll/string_map.h"

// Decodes replies to C++ types: decode(value, out) fills `out`, or returns wrong_type, whose text
// says what the reply was instead. After an error `out` may be partly filled. Overload decode() for
// a type of your own to use it with Client::command<T>(); an exception that it throws ends the call
// with wrong_type, std::bad_alloc with out_of_memory. It runs under the client's lock, so it must
// be short, and must call no client.

namespace plimsoll::inline v0::native {

plimsoll::Status decode(const Value& value, std::string& out);
plimsoll::Status decode(const Value& value, std::int64_t& out);
plimsoll::Status decode(const Value& value, double& out);
plimsoll::Status decode(const Value& value, bool& out);
plimsoll::Status decode(const Value& value, std::vector<bool>& out);

plimsoll::Status decode(const Value& value, Stored& out);
plimsoll::Status decode(const Value& value, FieldValue& out);
plimsoll::Status decode(const Value& value, Scored& out);
plimsoll::Status decode(const Value& value, Ranked& out);
plimsoll::Status decode(const Value& value, KeyAndElement& out);
plimsoll::Status decode(const Value& value, PoppedElements& out);
plimsoll::Status decode(const Value& value, PoppedScore& out);
plimsoll::Status decode(const Value& value, PoppedScores& out);
plimsoll::Status decode(const Value& value, ScanPage& out);
plimsoll::Status decode(const Value& value, HashScanPage& out);
plimsoll::Status decode(const Value& value, SortedSetScanPage& out);
plimsoll::Status decode(const Value& value, Position& out);
plimsoll::Status decode(const Value& value, Place& out);
plimsoll::Status decode(const Value& value, LcsMatch& out);
plimsoll::Status decode(const Value& value, LcsMatches& out);
plimsoll::Status decode(const Value& value, StreamEntry& out);
plimsoll::Status decode(const Value& value, StreamEntries& out);
plimsoll::Status decode(const Value& value, ClaimedEntries& out);
plimsoll::Status decode(const Value& value, ClaimedIds& out);
plimsoll::Status decode(const Value& value, PendingEntry& out);
plimsoll::Status decode(const Value& value, PendingOfConsumer& out);
plimsoll::Status decode(const Value& value, PendingSummary& out);
plimsoll::Status decode(const Value& value, StreamInfo& out);
plimsoll::Status decode(const Value& value, GroupInfo& out);
plimsoll::Status decode(const Value& value, ConsumerInfo& out);
plimsoll::Status decode(const Value& value, LatencySample& out);
plimsoll::Status decode(const Value& value, LatencyEvent& out);
plimsoll::Status decode(const Value& value, SlowCommand& out);
plimsoll::Status decode(const Value& value, ServerTime& out);

/// Decodes pairs that come nested, [[a, 1], [b, 2]], or flat, [a, 1, b, 2], as in RESP2, or as a
/// map.
plimsoll::Status decode(const Value& value, std::vector<FieldValue>& out);
plimsoll::Status decode(const Value& value, std::vector<Scored>& out);
/// None also for an empty array.
plimsoll::Status decode(const Value& value, std::optional<Scored>& out);
/// Decodes a map, or an array of pairs. Null: no streams.
plimsoll::Status decode(const Value& value, std::vector<StreamEntries>& out);

/// Decodes an integer, which counts in the unit of the duration.
template <class Rep, class Period>
plimsoll::Status decode(const Value& value, std::chrono::duration<Rep, Period>& out) {
  std::int64_t count = 0;
  const plimsoll::Status status = decode(value, count);
  out = std::chrono::duration<Rep, Period>(count);
  return status;
}
/// Decodes an integer in Unix seconds.
plimsoll::Status decode(const Value& value, std::chrono::sys_seconds& out);

template <class T>
plimsoll::Status decode(const Value& value, std::vector<T>& out);
template <class T>
plimsoll::Status decode(const Value& value, std::unordered_map<std::string, T>& out);

template <class T>
plimsoll::Status decode(const Value& value, std::optional<T>& out) {
  if constexpr (std::is_same_v<T, std::string>) {
    // A short cut: most elements of most replies to MGET and the like.
    const Node& node = *value.node();
    if (node.type == Type::bulk_string && !node.split) {
      out.emplace(node.bytes, node.size);
      return {};
    }
  }
  if (value.is_null()) {
    out.reset();
    return {};
  }
  return decode(value, out.emplace());
}

/// Decodes arrays and sets.
template <class T>
plimsoll::Status decode(const Value& value, std::vector<T>& out) {
  if constexpr (std::is_same_v<T, StreamEntry>) {
    // XRANGE with COUNT 0 answers null.
    if (value.is_null()) return out.clear(), plimsoll::Status();
  }
  const auto elements = value.as_elements();
  if (!elements) return elements.error();
  out.clear();
  out.reserve(elements->size());
  for (const Value& element : *elements) {
    if (const auto status = decode(element, out.emplace_back()); !status) return status;
  }
  return {};
}

/// Decodes maps, also if they come as an array of keys and values in turn.
template <class T>
plimsoll::Status decode(const Value& value, std::unordered_map<std::string, T>& out) {
  const auto entries = value.as_entries();
  if (!entries) return entries.error();
  out.clear();
  out.reserve(entries->size());
  for (const Entry& entry : *entries) {
    std::string key;
    if (const auto status = decode(entry.key, key); !status) return status;
    if (const auto status = decode(entry.value, out[std::move(key)]); !status) return status;
  }
  return {};
}

/// Returns `value` as a T, any type that has a decode(). Throws Error (wrong_type) if the value is
/// of another type. The members of Value do not throw: they return a Result, which you must check.
template <class T>
T as(const Value& value) {
  T out{};
  if (const auto status = decode(value, out); !status) throw Error(status.error());
  return out;
}

/// Returns the elements of an array, a set or a push. Throws Error (wrong_type). The elements are
/// views that live as long as the reply.
Elements elements(const Value& value);

/// Returns the pairs of a map, or of an array of even length. Throws Error (wrong_type). The pairs
/// are views that live as long as the reply.
Entries entries(const Value& value);

}  // namespace plimsoll::inline v0::native
