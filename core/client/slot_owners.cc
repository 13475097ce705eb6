#include "plimsoll/core/client/slot_owners.h"

#include "plimsoll/core/commands/command_table.h"

namespace plimsoll::inline v0 {
namespace {

constexpr Error needs_one_slot{
    .code = ErrorCode::invalid_argument,
    .what =
        "the keys belong to several slots of the cluster (CROSSSLOT), and one connection leads "
        "to one node",
    .expected = "keys of one slot: with the same {hash tag}"};

constexpr Error concerns_all{
    .code = ErrorCode::refused_command,
    .what = "a command concerns every node of the cluster, and one connection leads to one node",
    .expected = "the same command of the client itself; or client.at(), for the nodes you choose"};

// WAIT and WAITAOF ask about what was written on this very connection.
bool is_about_connection(const Route& route) {
  return route.row != 0 && commands::all_rows()[route.row - 1u].needs_exclusive();
}

}  // namespace

Result<Slot> SlotOwners::slot_of(const CommandView& command) {
  const Route route = route_of(command);
  if (route.is_for_every_node && !is_about_connection(route)) return concerns_all;
  switch (route.kind) {
    case Route::Kind::one_slot: return route.slot;
    case Route::Kind::several_slots: return needs_one_slot;
    case Route::Kind::no_key:
    case Route::Kind::unclear: break;
  }
  return no_slot;
}

NodeNumber SlotOwners::find(Slot slot, NodeNumber asked, Instant now) {
  // After ASK, a node that cannot be reached is given up: the owner is asked again.
  const bool is_asked = may_await(asked, now);
  const NodeNumber number = is_asked ? asked : owner_of(slot);
  if (number == no_node) {
    slots_.want_view(now, ViewSchedule::Need::urgent);
    return no_node;
  }
  if (nodes_.may_send_to(number)) return number;
  nodes_.want(number, now);
  if (nodes_[number].is_doubtful(now)) slots_.want_successor(number, now);
  return no_node;
}

// A node may take no further connection while the client's own one to it is well.
ClusterNode::Verdict SlotOwners::judge(NodeNumber number, const Event& event, bool may_resend,
                                       const Journey& journey, Instant now) {
  ClusterNode::Verdict verdict = verdicts_.of_failure(number, event, may_resend, journey, now);
  if (event.error->code == ErrorCode::lost_unsent)
    verdict.wait = verdicts_.wait_to_connect(journey);
  return verdict;
}

bool SlotOwners::ask(NodeNumber number, const CommandView& command, Tag tag, Instant now) {
  ClusterNode& node = nodes_[number];
  const bool owed = node.owes();
  if (!node.session->submit_internal(command, tag)) return false;
  if (!owed) node.quiet_since = now;
  nodes_.stir(number);
  return true;
}

}  // namespace plimsoll::inline v0
