#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

#include "plimsoll/decode.h"

// Decodes replies that have a structure, in all shapes that server versions and protocols give
// them.

namespace plimsoll::inline v0::native {
namespace {

using plimsoll::Status;

plimsoll::Error too_short(std::size_t size, std::size_t least) {
  return {.code = ErrorCode::wrong_type,
          .executed = Executed::yes,
          .what = "array with too few elements",
          .expected = "as many as the command's reply has",
          .value = size,
          .limit = least};
}

// Decodes a number that the server sends as a string here, in RESP2 and RESP3.
Status decode_written(const Value& value, std::int64_t& out) {
  std::string text;
  if (const Status status = native::decode(value, text); !status) return status;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  if (error == std::errc() && stop == end) return {};
  return native::decode(value, out);  // fails, with a text that says what the reply is
}

// Decodes the first elements of an array, in their order. Ignores elements that newer servers add
// behind them.
template <class... Out>
Status decode_row(const Value& value, Out&... out) {
  const auto elements = value.as_elements();
  if (!elements) return elements.error();
  if (elements->size() < sizeof...(Out)) return too_short(elements->size(), sizeof...(Out));
  auto at = elements->begin();
  Status status;
  const auto next = [&](auto& each) {
    if (status) status = decode(*at, each);
    ++at;
  };
  (next(out), ...);
  return status;
}

// Whether each pair is an array of its own.
bool is_nested(const Elements& elements) {
  return !elements.empty() && is_aggregate((*elements.begin()).type());
}

template <class Pair, class First, class Second>
Status decode_pairs(const Value& value, std::vector<Pair>& out, First Pair::* first,
                    Second Pair::* second) {
  const auto elements = value.as_elements();
  if (!elements) return elements.error();
  out.clear();
  if (value.type() != Type::map && is_nested(*elements)) {
    for (const Value& element : *elements) {
      Pair& pair = out.emplace_back();
      if (const auto status = decode_row(element, pair.*first, pair.*second); !status)
        return status;
    }
    return {};
  }
  const auto entries = value.as_entries();
  if (!entries) return entries.error();
  for (const Entry& entry : *entries) {
    Pair& pair = out.emplace_back();
    if (const auto status = native::decode(entry.key, pair.*first); !status) return status;
    if (const auto status = native::decode(entry.value, pair.*second); !status) return status;
  }
  return {};
}

// Calls `take(name, value)` for each entry of a map. `take` ignores names that it does not know.
template <class Take>
Status decode_named(const Value& value, Take&& take) {
  const auto entries = value.as_entries();
  if (!entries) return entries.error();
  for (const Entry& entry : *entries) {
    std::string name;
    if (const auto status = native::decode(entry.key, name); !status) return status;
    if (const auto status = take(std::string_view(name), entry.value); !status) return status;
  }
  return {};
}

}  // namespace

Status decode(const Value& value, std::chrono::sys_seconds& out) {
  std::chrono::seconds since{};
  const Status status = decode(value, since);
  out = std::chrono::sys_seconds(since);
  return status;
}

Status decode(const Value& value, Stored& out) {
  out.yes = !value.is_null();
  if (!out.yes) return {};
  const auto text = value.as_bytes();
  return text ? Status() : text.error();
}

Status decode(const Value& value, FieldValue& out) {
  return decode_row(value, out.field, out.value);
}

Status decode(const Value& value, std::vector<FieldValue>& out) {
  return decode_pairs(value, out, &FieldValue::field, &FieldValue::value);
}

Status decode(const Value& value, Scored& out) { return decode_row(value, out.member, out.score); }

Status decode(const Value& value, std::vector<Scored>& out) {
  return decode_pairs(value, out, &Scored::member, &Scored::score);
}

Status decode(const Value& value, std::optional<Scored>& out) {
  out.reset();
  if (value.is_null()) return {};
  std::vector<Scored> members;
  if (const auto status = decode(value, members); !status) return status;
  if (!members.empty()) out = std::move(members.front());
  return {};
}

Status decode(const Value& value, Ranked& out) { return decode_row(value, out.rank, out.score); }

Status decode(const Value& value, KeyAndElement& out) {
  return decode_row(value, out.key, out.element);
}

Status decode(const Value& value, PoppedElements& out) {
  return decode_row(value, out.key, out.elements);
}

Status decode(const Value& value, PoppedScore& out) {
  return decode_row(value, out.key, out.member, out.score);
}

Status decode(const Value& value, PoppedScores& out) {
  return decode_row(value, out.key, out.members);
}

Status decode(const Value& value, ScanPage& out) {
  return decode_row(value, out.cursor, out.elements);
}

Status decode(const Value& value, HashScanPage& out) {
  return decode_row(value, out.cursor, out.fields);
}

Status decode(const Value& value, SortedSetScanPage& out) {
  return decode_row(value, out.cursor, out.members);
}

Status decode(const Value& value, Position& out) {
  return decode_row(value, out.longitude, out.latitude);
}

Status decode(const Value& value, Place& out) {
  out = {};
  if (!is_aggregate(value.type())) return decode(value, out.member);
  if (const auto status = decode_row(value, out.member); !status) return status;
  // Behind the member come the parts that the caller asked for. Their types tell them apart.
  std::size_t place = 0;
  for (const Value& element : *value.as_elements()) {
    if (place++ == 0) continue;
    Status status;
    if (is_aggregate(element.type())) {
      status = decode(element, out.position.emplace());
    } else if (element.type() == Type::integer) {
      status = decode(element, out.hash.emplace());
    } else {
      status = decode(element, out.distance.emplace());
    }
    if (!status) return status;
  }
  return {};
}

Status decode(const Value& value, LcsMatch& out) {
  std::vector<std::int64_t> first;
  std::vector<std::int64_t> second;
  if (const auto status = decode_row(value, first, second); !status) return status;
  if (first.size() < 2 || second.size() < 2) {
    return too_short(std::min(first.size(), second.size()), 2);
  }
  out = {.first_begin = first[0],
         .first_end = first[1],
         .second_begin = second[0],
         .second_end = second[1],
         .length = {}};
  if (value.as_elements()->size() == 2) return {};
  return decode(*++ ++value.as_elements()->begin(), out.length.emplace());
}

Status decode(const Value& value, LcsMatches& out) {
  return decode_named(value, [&out](std::string_view name, const Value& each) -> Status {
    if (name == "matches") return decode(each, out.matches);
    if (name == "len") return decode(each, out.length);
    return {};
  });
}

Status decode(const Value& value, StreamEntry& out) {
  out = {};
  out.deleted = value.is_null();
  if (out.deleted) return {};
  std::optional<std::vector<FieldValue>> fields;
  if (const auto status = decode_row(value, out.id, fields); !status) return status;
  out.deleted = !fields;
  if (fields) out.fields = std::move(*fields);
  return {};
}

Status decode(const Value& value, StreamEntries& out) {
  return decode_row(value, out.stream, out.entries);
}

Status decode(const Value& value, std::vector<StreamEntries>& out) {
  out.clear();
  if (value.is_null()) return {};
  return decode_pairs(value, out, &StreamEntries::stream, &StreamEntries::entries);
}

Status decode(const Value& value, ClaimedEntries& out) {
  const auto elements = value.as_elements();
  if (elements && elements->size() == 2) return decode_row(value, out.next, out.entries);
  return decode_row(value, out.next, out.entries, out.deleted);
}

Status decode(const Value& value, ClaimedIds& out) {
  const auto elements = value.as_elements();
  if (elements && elements->size() == 2) return decode_row(value, out.next, out.ids);
  return decode_row(value, out.next, out.ids, out.deleted);
}

Status decode(const Value& value, PendingEntry& out) {
  return decode_row(value, out.id, out.consumer, out.idle, out.deliveries);
}

Status decode(const Value& value, PendingOfConsumer& out) {
  std::string count;
  if (const Status status = decode_row(value, out.consumer, count); !status) return status;
  return decode_written(*++value.as_elements()->begin(), out.count);
}

Status decode(const Value& value, PendingSummary& out) {
  std::optional<std::vector<PendingOfConsumer>> consumers;
  const auto status = decode_row(value, out.count, out.lowest, out.highest, consumers);
  out.consumers.clear();
  if (consumers) out.consumers = std::move(*consumers);
  return status;
}

Status decode(const Value& value, StreamInfo& out) {
  return decode_named(value, [&out](std::string_view name, const Value& each) -> Status {
    if (name == "length") return decode(each, out.length);
    if (name == "radix-tree-keys") return decode(each, out.radix_tree_keys);
    if (name == "radix-tree-nodes") return decode(each, out.radix_tree_nodes);
    if (name == "last-generated-id") return decode(each, out.last_generated_id);
    if (name == "max-deleted-entry-id") return decode(each, out.max_deleted_entry_id);
    if (name == "entries-added") return decode(each, out.entries_added);
    if (name == "recorded-first-entry-id") return decode(each, out.recorded_first_entry_id);
    if (name == "groups") return decode(each, out.groups);
    if (name == "first-entry") return decode(each, out.first_entry);
    if (name == "last-entry") return decode(each, out.last_entry);
    return {};
  });
}

Status decode(const Value& value, GroupInfo& out) {
  return decode_named(value, [&out](std::string_view name, const Value& each) -> Status {
    if (name == "name") return decode(each, out.name);
    if (name == "consumers") return decode(each, out.consumers);
    if (name == "pending") return decode(each, out.pending);
    if (name == "last-delivered-id") return decode(each, out.last_delivered_id);
    if (name == "entries-read") return decode(each, out.entries_read);
    if (name == "lag") return decode(each, out.lag);
    return {};
  });
}

Status decode(const Value& value, ConsumerInfo& out) {
  return decode_named(value, [&out](std::string_view name, const Value& each) -> Status {
    if (name == "name") return decode(each, out.name);
    if (name == "pending") return decode(each, out.pending);
    if (name == "idle") return decode(each, out.idle);
    if (name != "inactive") return {};
    const Status status = decode(each, out.inactive.emplace());
    if (out.inactive->count() < 0) out.inactive.reset();
    return status;
  });
}

Status decode(const Value& value, LatencySample& out) {
  return decode_row(value, out.at, out.latency);
}

Status decode(const Value& value, LatencyEvent& out) {
  return decode_row(value, out.event, out.at, out.last, out.highest);
}

Status decode(const Value& value, SlowCommand& out) {
  return decode_row(value, out.id, out.at, out.duration, out.words, out.client_address,
                    out.client_name);
}

Status decode(const Value& value, ServerTime& out) {
  std::string text;
  if (const Status status = decode_row(value, text, text); !status) return status;
  std::int64_t seconds = 0;
  std::int64_t microseconds = 0;
  auto at = value.as_elements()->begin();
  if (const Status status = decode_written(*at, seconds); !status) return status;
  if (const Status status = decode_written(*++at, microseconds); !status) return status;
  out.at = std::chrono::sys_time<std::chrono::microseconds>(
      std::chrono::seconds(seconds) + std::chrono::microseconds(microseconds));
  return {};
}

}  // namespace plimsoll::inline v0::native
