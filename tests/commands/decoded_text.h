#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plimsoll/core/resp/value.h"
#include "plimsoll/decode.h"
#include "plimsoll/results.h"

// What a caller gets for a reply, as the examples write it down: "text", 1, 2.5, true, none,
// [elements], {name: value} for structs and maps.

namespace plimsoll::testing {

template <class T>
std::string text_of(const std::vector<T>& row);
template <class T>
std::string text_of(const std::optional<T>& maybe);

std::string text_of(const std::string& text);
std::string text_of(bool yes);
std::string text_of(std::int64_t number);
std::string text_of(double number);
std::string text_of(std::chrono::sys_seconds time);
std::string text_of(const native::Stored& stored);
std::string text_of(const native::FieldValue& pair);
std::string text_of(const native::Scored& scored);
std::string text_of(const native::Ranked& ranked);
std::string text_of(const native::KeyAndElement& popped);
std::string text_of(const native::PoppedElements& popped);
std::string text_of(const native::PoppedScore& popped);
std::string text_of(const native::PoppedScores& popped);
std::string text_of(const native::ScanPage& page);
std::string text_of(const native::HashScanPage& page);
std::string text_of(const native::SortedSetScanPage& page);
std::string text_of(const native::Position& position);
std::string text_of(const native::Place& place);
std::string text_of(const native::LcsMatch& match);
std::string text_of(const native::LcsMatches& found);
std::string text_of(const native::StreamEntry& entry);
std::string text_of(const native::StreamEntries& entries);
std::string text_of(const native::ClaimedEntries& claimed);
std::string text_of(const native::ClaimedIds& claimed);
std::string text_of(const native::PendingEntry& pending);
std::string text_of(const native::PendingOfConsumer& pending);
std::string text_of(const native::PendingSummary& summary);
std::string text_of(const native::StreamInfo& info);
std::string text_of(const native::GroupInfo& info);
std::string text_of(const native::ConsumerInfo& info);
std::string text_of(const native::LatencySample& sample);
std::string text_of(const native::LatencyEvent& event);
std::string text_of(const native::SlowCommand& command);
std::string text_of(const native::ServerTime& time);
/// In the order of the keys, as every map.
std::string text_of(const native::StringMap& map);

/// In the unit of the duration.
template <class Rep, class Period>
std::string text_of(std::chrono::duration<Rep, Period> duration) {
  return text_of(static_cast<std::int64_t>(duration.count()));
}

template <class T>
std::string text_of(const std::optional<T>& maybe) {
  return maybe ? text_of(*maybe) : "none";
}

template <class T>
std::string text_of(const std::vector<T>& row) {
  std::string text;
  for (const T& each : row) text += (text.empty() ? "" : ", ") + text_of(each);
  return "[" + text + "]";
}

/// In the order of the keys.
template <class T>
std::string text_of(const std::unordered_map<std::string, T>& map) {
  std::string text;
  for (const auto& [key, value] : std::map<std::string, T>(map.begin(), map.end())) {
    text += (text.empty() ? "" : ", ") + text_of(key) + ": " + text_of(value);
  }
  return "{" + text + "}";
}

/// What decode<T>() makes of a reply, or its error.
template <class T>
std::string decoded_text(const Value& value) {
  T decoded{};
  if (const auto status = native::decode(value, decoded); !status) {
    return std::string("not decoded: ") + status.error().what;
  }
  return text_of(decoded);
}

using DecodedText = std::string (*)(const Value&);

/// decoded_text<T> for the T that stands for one of the table's types; none for "void" and "any",
/// which are not decoded.
DecodedText decoder_of(std::string_view type);

}  // namespace plimsoll::testing
