#include "plimsoll/core/client/scatter_refusal.h"

namespace plimsoll::inline v0 {
namespace {

using commands::Spread;

constexpr Error is_across_slots{
    .code = ErrorCode::invalid_argument,
    .what = "the keys belong to several slots of the cluster (CROSSSLOT)",
    .expected = "keys of one slot: with the same {hash tag}, or one request for each slot"};

constexpr Error loses_atomicity{
    .code = ErrorCode::invalid_argument,
    .what = "MSET with keys of several slots of the cluster (CROSSSLOT) would not be atomic",
    .expected = "keys of one slot, with the same {hash tag}; or `split` as cross_slot_writes"};

constexpr Error is_for_all_nodes{
    .code = ErrorCode::refused_command,
    .what = "a transaction runs at one node of the cluster, and has a command that concerns all",
    .expected = "that command by itself"};

constexpr Error cannot_be_joined{
    .code = ErrorCode::refused_command,
    .what =
        "the nodes of the cluster answer this command each for itself, and no answer stands for"
        " all of them",
    .expected = "client.at(), which sends it to the nodes that you choose"};

}  // namespace

Spread spread_of(const Route& route) {
  return route.row == 0 ? Spread::one_node : commands::all_rows()[route.row - 1u].spread;
}

const Error* refusal_of(const Route& route, const ClusterOptions& options) {
  if (!is_scattered(route)) return nullptr;
  switch (spread_of(route)) {
    case Spread::one_node: return route.is_for_every_node ? &is_for_all_nodes : &is_across_slots;
    case Spread::special: return &cannot_be_joined;
    case Spread::slots_all:
      return options.cross_slot_writes == CrossSlotWrites::split ? nullptr : &loses_atomicity;
    case Spread::slots_values:
    case Spread::slots_sum:
    case Spread::nodes_values:
    case Spread::nodes_sum:
    case Spread::nodes_min:
    case Spread::nodes_max:
    case Spread::nodes_and:
    case Spread::nodes_or:
    case Spread::nodes_all:
    case Spread::nodes_one:
    case Spread::nodes_any:
    case Spread::nodes_map:
    case Spread::walk: break;
  }
  return nullptr;
}

}  // namespace plimsoll::inline v0
