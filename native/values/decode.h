#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plimsoll/core/resp/value.h"
#include "plimsoll/reply.h"
#include "plimsoll/result.h"
#include "plimsoll/results.h"

// From replies to the types of C++: decode(value, out) fills `out` or says what the reply was
// instead (wrong_type). Overload it for a type of your own to use that with Client::command<T>().

namespace plimsoll::native {

plimsoll::Status decode(const Value& value, std::string& out);
plimsoll::Status decode(const Value& value, std::optional<std::string>& out);
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

/// These come nested, [[a, 1], [b, 2]], or flat, [a, 1, b, 2], which is how RESP2 says it, or as a
/// map.
plimsoll::Status decode(const Value& value, std::vector<FieldValue>& out);
plimsoll::Status decode(const Value& value, std::vector<Scored>& out);
/// None for an empty array too.
plimsoll::Status decode(const Value& value, std::optional<Scored>& out);
/// A map, or the same as an array of pairs, or null: none.
plimsoll::Status decode(const Value& value, std::vector<StreamEntries>& out);

/// An integer, in the unit of the duration; in Unix seconds.
template <class Rep, class Period>
plimsoll::Status decode(const Value& value, std::chrono::duration<Rep, Period>& out) {
  std::int64_t count = 0;
  const plimsoll::Status status = decode(value, count);
  out = std::chrono::duration<Rep, Period>(count);
  return status;
}
plimsoll::Status decode(const Value& value, std::chrono::sys_seconds& out);

template <class T>
plimsoll::Status decode(const Value& value, std::vector<T>& out);
template <class T>
plimsoll::Status decode(const Value& value, std::unordered_map<std::string, T>& out);

template <class T>
plimsoll::Status decode(const Value& value, std::optional<T>& out) {
  if (value.is_null()) {
    out.reset();
    return {};
  }
  return decode(value, out.emplace());
}

/// Arrays and sets.
template <class T>
plimsoll::Status decode(const Value& value, std::vector<T>& out) {
  const auto elements = value.as_elements();
  if (!elements) return elements.error();
  out.clear();
  out.reserve(elements->size());
  for (const Value& element : *elements) {
    if (const auto status = decode(element, out.emplace_back()); !status) return status;
  }
  return {};
}

/// Maps, also as an array of keys and values in turn.
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

/// `value` as a T, whatever decode() knows; throws Error (wrong_type) where it is something else.
/// The members of Value do not throw, and must be asked whether they have a result.
template <class T>
T as(const Value& value) {
  T out{};
  if (const auto status = decode(value, out); !status) throw Error(status.error());
  return out;
}

/// The elements of an array, a set or a push; throws Error (wrong_type). Views of the reply.
Elements elements(const Value& value);

/// The pairs of a map, or of an array of even length; throws Error (wrong_type). Views of the
/// reply.
Entries entries(const Value& value);

}  // namespace plimsoll::native
