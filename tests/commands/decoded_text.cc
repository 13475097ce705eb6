#include "plimsoll/tests/commands/decoded_text.h"

#include <initializer_list>
#include <sstream>
#include <utility>

namespace plimsoll::testing {
namespace {

using Member = std::pair<const char*, std::string>;

std::string structure(std::initializer_list<Member> members) {
  std::string text;
  for (const auto& [name, value] : members) {
    text += (text.empty() ? "" : ", ") + std::string(name) + ": " + value;
  }
  return "{" + text + "}";
}

}  // namespace

std::string text_of(const std::string& text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      quoted += "\\x";
      quoted += hex[byte >> 4];
      quoted += hex[byte & 15];
    } else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string text_of(bool yes) { return yes ? "true" : "false"; }

std::string text_of(std::int64_t number) { return std::to_string(number); }

std::string text_of(double number) {
  std::ostringstream text;
  text.precision(10);
  text << number;
  return text.str();
}

std::string text_of(std::chrono::sys_seconds time) { return text_of(time.time_since_epoch()); }

std::string text_of(const native::Stored& stored) { return stored ? "stored" : "not stored"; }

std::string text_of(const native::FieldValue& pair) {
  return structure({{"field", text_of(pair.field)}, {"value", text_of(pair.value)}});
}

std::string text_of(const native::Scored& scored) {
  return structure({{"member", text_of(scored.member)}, {"score", text_of(scored.score)}});
}

std::string text_of(const native::Ranked& ranked) {
  return structure({{"rank", text_of(ranked.rank)}, {"score", text_of(ranked.score)}});
}

std::string text_of(const native::KeyAndElement& popped) {
  return structure({{"key", text_of(popped.key)}, {"element", text_of(popped.element)}});
}

std::string text_of(const native::PoppedElements& popped) {
  return structure({{"key", text_of(popped.key)}, {"elements", text_of(popped.elements)}});
}

std::string text_of(const native::PoppedScore& popped) {
  return structure({{"key", text_of(popped.key)},
                    {"member", text_of(popped.member)},
                    {"score", text_of(popped.score)}});
}

std::string text_of(const native::PoppedScores& popped) {
  return structure({{"key", text_of(popped.key)}, {"members", text_of(popped.members)}});
}

std::string text_of(const native::ScanPage& page) {
  return structure({{"cursor", text_of(page.cursor)}, {"elements", text_of(page.elements)}});
}

std::string text_of(const native::HashScanPage& page) {
  return structure({{"cursor", text_of(page.cursor)}, {"fields", text_of(page.fields)}});
}

std::string text_of(const native::SortedSetScanPage& page) {
  return structure({{"cursor", text_of(page.cursor)}, {"members", text_of(page.members)}});
}

std::string text_of(const native::Position& position) {
  return structure({{"longitude", text_of(position.longitude)},  //
                    {"latitude", text_of(position.latitude)}});
}

std::string text_of(const native::Place& place) {
  return structure({{"member", text_of(place.member)},
                    {"distance", text_of(place.distance)},
                    {"hash", text_of(place.hash)},
                    {"position", text_of(place.position)}});
}

std::string text_of(const native::LcsMatch& match) {
  return structure({{"first_begin", text_of(match.first_begin)},
                    {"first_end", text_of(match.first_end)},
                    {"second_begin", text_of(match.second_begin)},
                    {"second_end", text_of(match.second_end)},
                    {"length", text_of(match.length)}});
}

std::string text_of(const native::LcsMatches& found) {
  return structure({{"matches", text_of(found.matches)}, {"length", text_of(found.length)}});
}

std::string text_of(const native::StreamEntry& entry) {
  if (entry.deleted) return structure({{"id", text_of(entry.id)}, {"deleted", "true"}});
  return structure({{"id", text_of(entry.id)}, {"fields", text_of(entry.fields)}});
}

std::string text_of(const native::StreamEntries& entries) {
  return structure({{"stream", text_of(entries.stream)}, {"entries", text_of(entries.entries)}});
}

std::string text_of(const native::ClaimedEntries& claimed) {
  return structure({{"next", text_of(claimed.next)},
                    {"entries", text_of(claimed.entries)},
                    {"deleted", text_of(claimed.deleted)}});
}

std::string text_of(const native::ClaimedIds& claimed) {
  return structure({{"next", text_of(claimed.next)},
                    {"ids", text_of(claimed.ids)},
                    {"deleted", text_of(claimed.deleted)}});
}

std::string text_of(const native::PendingEntry& pending) {
  return structure({{"id", text_of(pending.id)},
                    {"consumer", text_of(pending.consumer)},
                    {"idle", text_of(pending.idle)},
                    {"deliveries", text_of(pending.deliveries)}});
}

std::string text_of(const native::PendingOfConsumer& pending) {
  return structure({{"consumer", text_of(pending.consumer)}, {"count", text_of(pending.count)}});
}

std::string text_of(const native::PendingSummary& summary) {
  return structure({{"count", text_of(summary.count)},
                    {"lowest", text_of(summary.lowest)},
                    {"highest", text_of(summary.highest)},
                    {"consumers", text_of(summary.consumers)}});
}

std::string text_of(const native::StreamInfo& info) {
  return structure({{"length", text_of(info.length)},
                    {"radix_tree_keys", text_of(info.radix_tree_keys)},
                    {"radix_tree_nodes", text_of(info.radix_tree_nodes)},
                    {"last_generated_id", text_of(info.last_generated_id)},
                    {"max_deleted_entry_id", text_of(info.max_deleted_entry_id)},
                    {"entries_added", text_of(info.entries_added)},
                    {"recorded_first_entry_id", text_of(info.recorded_first_entry_id)},
                    {"groups", text_of(info.groups)},
                    {"first_entry", text_of(info.first_entry)},
                    {"last_entry", text_of(info.last_entry)}});
}

std::string text_of(const native::GroupInfo& info) {
  return structure({{"name", text_of(info.name)},
                    {"consumers", text_of(info.consumers)},
                    {"pending", text_of(info.pending)},
                    {"last_delivered_id", text_of(info.last_delivered_id)},
                    {"entries_read", text_of(info.entries_read)},
                    {"lag", text_of(info.lag)}});
}

std::string text_of(const native::ConsumerInfo& info) {
  return structure({{"name", text_of(info.name)},
                    {"pending", text_of(info.pending)},
                    {"idle", text_of(info.idle)},
                    {"inactive", text_of(info.inactive)}});
}

std::string text_of(const native::LatencySample& sample) {
  return structure({{"at", text_of(sample.at)}, {"latency", text_of(sample.latency)}});
}

std::string text_of(const native::LatencyEvent& event) {
  return structure({{"event", text_of(event.event)},
                    {"at", text_of(event.at)},
                    {"last", text_of(event.last)},
                    {"highest", text_of(event.highest)}});
}

std::string text_of(const native::SlowCommand& command) {
  return structure({{"id", text_of(command.id)},
                    {"at", text_of(command.at)},
                    {"duration", text_of(command.duration)},
                    {"words", text_of(command.words)},
                    {"client_address", text_of(command.client_address)},
                    {"client_name", text_of(command.client_name)}});
}

std::string text_of(const native::ServerTime& time) { return text_of(time.at.time_since_epoch()); }

std::string text_of(const native::StringMap& map) {
  return text_of(std::unordered_map<std::string, std::string>(map));
}

}  // namespace plimsoll::testing
