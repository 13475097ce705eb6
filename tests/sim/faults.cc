#include "plimsoll/tests/sim/faults.h"

#include <algorithm>

namespace plimsoll::sim {
namespace {

// In the order of the enumeration.
constexpr std::array<const char*, faults_count> fault_names = {
    "latency",
    "narrow",
    "splits",
    "small_buffers",
    "reset",
    "orderly_close",
    "half_close",
    "silence",
    "blackhole",
    "refused_connect",
    "slow_connect",
    "unanswered_connect",
    "restart",
    "data_loss",
    "loading",
    "stall",
    "slow_server",
    "extra_reply",
    "truncated_reply",
    "garbage",
    "oversized_reply",
    "error_reply",
    "stray_push",
    "kick",
    "max_clients",
    "wrong_password",
    "busy",
    "primary_down",
    "protected_mode",
    "no_permission",
    "old_protocol",
    "no_database",
    "refused_memory",
    "refused_segments",
    "refused_blocks",
    "squeezed_memory",
    "tight_limit",
    "moved_line",
    "dry_replies",
    "time_jump",
    "cancel",
    "short_deadline",
    "read_pause",
    "hoarding",
    "flood",
    "visitors",
    "kept_replies",
    "burst",
    "shutdown",
    "abort",
    "freeze",
    "rotation",
    "dead_address",
    "failover",
    "primary_killed",
    "primary_frozen",
    "old_primary_back",
    "sentinel_killed",
    "sentinel_frozen",
    "cut_from_sentinels",
    "late_sentinel",
    "late_primary",
    "replica_lags",
    "replica_loading",
    "replica_link_down",
    "replica_cut",
    "replica_frozen",
    "replica_restarted",
    "replica_unlisted",
    "replica_promoted",
    "info_refused",
    "slot_migrated",
    "slot_called_off",
    "source_told_first",
    "slot_moved_at_once",
    "slot_unserved",
    "slot_taken_over",
    "handover",
    "node_killed",
    "node_frozen",
    "node_cut",
    "late_gossip",
    "odd_view",
};

}  // namespace

const char* name(Fault fault) { return fault_names[static_cast<std::size_t>(fault)]; }

std::optional<FaultSet> FaultSet::parse(std::string_view names) {
  if (names == "all") return all();
  FaultSet set;
  if (names == "none") return set;
  while (true) {
    const std::size_t comma = names.find(',');
    const auto* const found =
        std::find(fault_names.begin(), fault_names.end(), names.substr(0, comma));
    if (found == fault_names.end()) return std::nullopt;
    set.add(static_cast<Fault>(found - fault_names.begin()));
    if (comma == std::string_view::npos) return set;
    names.remove_prefix(comma + 1);
  }
}

std::string FaultSet::names() const {
  if (*this == all()) return "all";
  if (empty()) return "none";
  std::string text;
  for (std::size_t i = 0; i < faults_count; ++i) {
    if (!has(static_cast<Fault>(i))) continue;
    if (!text.empty()) text += ',';
    text += fault_names[i];
  }
  return text;
}

}  // namespace plimsoll::sim
