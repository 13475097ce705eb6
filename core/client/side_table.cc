#include "plimsoll/core/client/side_table.h"

#include <algorithm>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/slot_owners.h"
#include "plimsoll/core/client/whole_request.h"
#include "plimsoll/core/memory/budget.h"

namespace plimsoll::inline v0 {
namespace {

constexpr Error no_room{.code = ErrorCode::rejected_by_limit,
                        .what = "the connections pool has no room for one more connection"};

constexpr Error main_is_elsewhere{.code = ErrorCode::connection_lost,
                                  .what = "the client has another server now"};

constexpr Error owner_is_another{.code = ErrorCode::connection_lost,
                                 .what = "another node of the cluster serves the slot now"};

// Whether nobody has it, and nothing is under way on it but UNWATCH, which the end of the
// connection does as well.
bool is_unused(const SideConnection& side) { return side.is_free() || side.returns(); }

}  // namespace

SideTable::~SideTable() = default;

bool SideTable::use_cluster(SlotOwners& owners) {
  if (!make_table()) return false;
  bool has_room = true;
  for_each([&](std::uint32_t index, Side& side) {
    if (side.role != Role::exclusive || side.given_up) return;
    has_room = has_room && make_handles() != nullptr;
    if (has_room) table_->handles->adopt(index);
  });
  if (!has_room) return false;
  table_->owners = &owners;
  for_each([this](std::uint32_t, Side& side) { lead_early(side); });
  return true;
}

void SideTable::lead_early(Side& side) {
  bool has_commands = false;
  for (auto each = side.session.next_live(0); each; each = side.session.next_live(each->id + 1)) {
    // Without memory to look at it, it goes where a command without a key does.
    const WholeRequest request(accounts().requests, side.session.requests(), *each);
    const Result<Slot> slot =
        request ? SlotOwners::slot_of(request.command()) : Result<Slot>(no_slot);
    if (!slot && side.role == Role::blocking) return side.session.give_up(slot.error());
    has_commands = true;
    if (!slot || *slot == no_slot) continue;
    if (side.watched != no_slot) side.watched = *slot;
    return lead(side, *slot);
  }
  if (has_commands) lead(side, no_slot);
}

Result<std::uint32_t> SideTable::take(Role role, Slot slot) {
  if (role == Role::blocking && are_all_kept()) {
    return too_many("blocking_connections_max is reached", options().blocking_connections_max);
  }
  std::optional<std::uint32_t> index = free_one(slot);
  if (!index && role == Role::exclusive) index = returning_one(slot);
  if (!index) {
    if (is_full(role)) close_unused();
    if (is_full(role)) {
      return too_many("blocking_connections_max is reached", options().blocking_connections_max);
    }
    const Result<std::uint32_t> opened = open(role);
    if (!opened) return opened.error();
    index = *opened;
  }
  Side& side = *table_->sides[*index];
  side.role = role;
  side.given_up = false;
  lead(side, slot);
  return *index;
}

std::optional<std::uint32_t> SideTable::take_again(std::uint32_t handle, Slot slot) {
  std::optional<std::uint32_t> found;
  for_each([&](std::uint32_t index, Side& side) {
    const bool was_his = side.role == Role::exclusive && side.given_up && side.handle == handle;
    if (found || !was_his || side.is_ending() || !leads_to(side, slot)) return;
    found = index;
    side.given_up = false;
    lead(side, slot);
  });
  return found;
}

void SideTable::forget_handle(std::uint32_t handle) {
  for_each([handle](std::uint32_t, Side& side) {
    if (side.handle == handle) side.handle = ExclusiveHandles::none;
  });
}

bool SideTable::are_all_kept() const {
  if (!table_ || !table_->handles) return false;
  const std::size_t without = table_->handles->without_connection();
  return without > 0 && blocking_in_use() + without >= options().blocking_connections_max;
}

Result<std::uint32_t> SideTable::open(Role role) {
  const bool subscribes = role == Role::subscription;
  if (!make_table()) return no_room;
  // The first place is the main connection's.
  const auto index = static_cast<std::uint32_t>(std::countr_one(used_ | 1));
  if (index >= connections_max) return no_room;
  SessionOptions own_options = options();
  own_options.random_seed += index;
  own_options.seeds_count = 1;  // the main connection's address, whichever that is
  own_options.follows_main = options().seeds_count > 1 || options().sentinel != nullptr;
  own_options.tracking = {};
  own_options.reconnect_attempts_max = subscribes ? options().reconnect_attempts_max : 0;
  own_options.read_resends_max = subscribes ? read_resends_limit : std::uint8_t{0};
  if (may_be_cluster()) {
    own_options.hands_back = own_options.hands_back_redirections = true;
    own_options.read_resends_max = std::max<std::uint8_t>(own_options.read_resends_max, 1);
  }
  AccountHandle pushes;
  if (subscribes) {
    pushes = accounts().connections.budget().open_account(PoolKind::pushes,
                                                          accounts().connections.owner());
    if (!pushes) return no_room;
  }
  const Session::Accounts own{.requests = accounts().requests,
                              .replies = subscribes ? *pushes : accounts().replies,
                              .connections = accounts().connections};
  Box<Side> side =
      Box<Side>::make(accounts().connections, 0, role, own_options, own,
                      subscribes ? Session::Use::subscriptions : Session::Use::requests);
  if (!side) return no_room;
  if (subscribes) {
    side->pushes = std::move(pushes);
    side->subscription = Box<Subscription>::make(accounts().connections, 0, accounts().connections,
                                                 *side->pushes, options());
    if (!side->subscription) return no_room;
  }
  side->incarnation = ++incarnations_ % request_ids::Incarnation::values_count;
  side->idle_since = now_;
  side->leads = may_be_cluster() ? Leads::nowhere : Leads::to_main;
  if (!may_be_cluster()) side->session.connect(now_);
  table_->sides[index] = std::move(side);
  used_ |= std::uint64_t{1} << index;
  return index;
}

// Prefers a connection that is ready to one that is being opened.
std::optional<std::uint32_t> SideTable::free_one(Slot slot) const {
  std::optional<std::uint32_t> found;
  for_each([&](std::uint32_t index, const Side& side) {
    if (!side.is_free() || !leads_to(side, slot)) return;
    if (!found || side.session.state() == Session::State::ready) found = index;
  });
  return found;
}

// An exclusive connection whose user gave it back just now, so that a caller who takes one
// connection after the other is not refused.
std::optional<std::uint32_t> SideTable::returning_one(Slot slot) const {
  std::optional<std::uint32_t> found;
  for_each([&](std::uint32_t index, const Side& side) {
    if (!found && side.returns() && leads_to(side, slot)) found = index;
  });
  return found;
}

bool SideTable::leads_to(const Side& side, Slot slot) const {
  if (!owners() || side.leads == Leads::nowhere) return true;
  const bool is_ready = side.session.state() == Session::State::ready;
  if (slot == no_slot) return is_ready || side.leads == Leads::to_main;
  if (!is_ready && side.leads == Leads::to_owner) return side.journey.slot == slot;
  return side.node != no_node && side.node == owners()->owner_of(slot) &&
         side.host_when_opened == host_number(side);
}

// A handle without a connection has a place, which its own command takes.
bool SideTable::is_full(Role role) const {
  std::size_t taken = blocking_count();
  if (role == Role::blocking && table_ && table_->handles) {
    taken += table_->handles->without_connection();
  }
  return taken >= options().blocking_connections_max;
}

// One that was closed for another, or was lost and then given up, is over in a moment: until then
// it is in nobody's way.
bool SideTable::is_counted(const Side& side) {
  const bool has_user = side.role != Role::blocking && !side.given_up;
  return has_user || side.session.state() != Session::State::closed;
}

std::size_t SideTable::blocking_in_use() const {
  std::size_t count = 0;
  for_each([&](std::uint32_t, const Side& side) {
    count += side.role != Role::subscription && is_counted(side) && !is_unused(side);
  });
  return count;
}

std::size_t SideTable::count(Role role) const {
  std::size_t count = 0;
  for_each(
      [&](std::uint32_t, const Side& side) { count += side.role == role && is_counted(side); });
  return count;
}

void SideTable::close_unused() {
  if (!owners()) return;
  bool is_closed = false;
  for_each([&](std::uint32_t, Side& side) {
    if (is_closed || !is_unused(side)) return;
    is_closed = true;
    side.session.abort();
  });
}

SideTable::Side& SideTable::side(ConnectionId connection, Role role) const {
  const auto index = static_cast<std::uint32_t>(connection);
  PLIMSOLL_CHECK(has(index));
  Side& side = *table_->sides[index];
  PLIMSOLL_CHECK(side.role == role && !side.given_up);
  return side;
}

void SideTable::lead(Side& side, Slot slot) {
  if (!owners()) return;
  if (slot != no_slot) {
    side.leads = Leads::to_owner;
    side.journey = {.slot = slot};
    side.asked = no_node;
    side.not_before = Instant::min();
  } else if (side.leads == Leads::nowhere) {
    side.leads = Leads::to_main;
  }
  follow_owner(side);
}

// Opens a connection to the owner of a slot once it is needed; and leaves one that no longer leads
// there, if its node will not say so itself: a subscription's hears nothing more, and what a frozen
// node has been sent is in doubt.
void SideTable::follow_owner(Side& side) {
  const Session::State state = side.session.state();
  if (side.leads == Leads::nowhere || side.is_ending()) return;
  const bool is_needed = side.subscription || side.busy || side.role == Role::exclusive;
  if (!is_needed) return;
  if (side.waits_for_node()) {
    if (now_ < side.not_before) return;
    const bool is_known = side.leads == Leads::to_main ||
                          owners()->find(side.journey.slot, side.asked, now_) != no_node;
    if (!is_known) return;
    if (state == Session::State::idle) side.session.connect(now_);
    if (state == Session::State::waiting) {
      side.is_moving = false;
      side.session.hurry(now_);
    }
    return;
  }
  if (side.leads == Leads::to_main || side.node == no_node) return;
  const NodeNumber owner = owners()->owner_of(side.journey.slot);
  if (owner == side.node) side.asked = no_node;  // the slot has come to stay
  if (owner == no_node || owner == side.node) return;
  if (side.subscription) return move_subscription(side, owner_is_another);
  const bool may_be_frozen = host_number(side) != side.host_when_opened;
  const bool may_come_yet = side.asked != no_node && owners()->may_await(side.asked, now_);
  if (may_be_frozen && !may_come_yet) side.session.give_up(owner_is_another);
}

void SideTable::move_subscription(Side& side, const Error& reason) {
  side.is_moving = true;
  side.node = no_node;
  side.session.leave(reason);
}

// A subscription to the server that the main connection has left might hear nothing more, for ever.
// An attempt at an address that the main connection has given up might never end, or lead to
// another server than the main connection's. Nothing was sent on it, so nothing is in doubt. Seeds
// do not tell in a cluster, where the main connection goes to addresses that have none: there it
// counts whether the attempt began beside this main connection.
// A connection that was asked for before it was known whether there is a cluster is opened now.
void SideTable::follow_main(Side& side) {
  const Session::State main = main_.state();
  if (side.leads == Leads::nowhere && main == Session::State::ready) {
    side.leads = Leads::to_main;
    // Its user may have left it just now, before it was opened.
    if (side.session.state() == Session::State::idle) side.session.connect(now_);
  }
  if (main != Session::State::ready) return;
  const Session::State state = side.session.state();
  const bool is_attempt = state == Session::State::opening || state == Session::State::handshaking;
  const bool is_of_another = owners() && is_attempt && side.host_when_opened != main_number();
  if (side.seed == main_.seed() && !is_of_another) return;
  const bool is_in_use =
      state == Session::State::closing || (state == Session::State::ready && !side.subscription);
  if (!is_in_use) side.session.leave(main_is_elsewhere);
}

void SideTable::follow(Side& side) {
  close_if_older(side);
  owners() && side.leads != Leads::to_main ? follow_owner(side) : follow_main(side);
}

// Closes an idle connection that is older than the one beside which it should stand: a command that
// blocks on it could not be unblocked (is_known_to_host()). The next such command opens a new one.
void SideTable::close_if_older(Side& side) {
  const std::uint64_t number = host_number(side);
  if (number != 0 && side.host_when_opened != number && side.is_idle()) side.session.close(now_);
}

std::optional<SideTable::Action> SideTable::poll_action() {
  std::optional<Action> found;
  for_each([&](std::uint32_t index, Side& side) {
    if (!found) found = poll_action_of(index, side);
  });
  return found;
}

// A connection to the owner of a slot is opened once that can be reached, and has said that it is
// the node that the cluster means.
std::optional<SideTable::Action> SideTable::poll_action_of(std::uint32_t index, Side& side) {
  Action asked{.action = Session::Action::open,
               .connection = ConnectionId{index},
               .seed = side.seed,
               .told = nullptr};
  while (const std::optional<Session::Action> action = side.session.poll_action()) {
    if (*action == Session::Action::close) {
      if (std::exchange(side.is_held_back, false)) continue;
      asked.action = *action;
      return asked;
    }
    if (side.leads == Leads::to_owner) {
      side.is_held_back = true;
      side.node = no_node;
      continue;
    }
    side.host_when_opened = main_number();
    side.seed = asked.seed = main_.seed();
    return asked;
  }
  if (!side.is_held_back || now_ < side.not_before) return std::nullopt;
  const NodeNumber node = owners()->find(side.journey.slot, side.asked, now_);
  if (node == no_node) return std::nullopt;
  side.is_held_back = side.is_moving = false;
  side.node = node;
  side.host_when_opened = host_number(side);
  asked.told = &owners()->address_of(node);
  return asked;
}

std::uint64_t SideTable::host_number(const Side& side) const {
  return side.node == no_node ? main_number() : owners()->connection_to(side.node);
}

void SideTable::drop(std::uint32_t index) {
  table_->sides[index] = {};
  used_ &= ~(std::uint64_t{1} << index);
}

ConnectionWaiters* SideTable::make_waiters() {
  if (!make_table()) return nullptr;
  if (!table_->waiters) {
    table_->waiters = Box<ConnectionWaiters>::make(accounts().connections, 0, accounts().requests,
                                                   options().waiters_max);
  }
  return table_->waiters.get();
}

ExclusiveHandles* SideTable::make_handles() {
  if (!make_table()) return nullptr;
  if (!table_->handles) table_->handles = Box<ExclusiveHandles>::make(accounts().connections, 0);
  return table_->handles.get();
}

bool SideTable::make_table() {
  if (!table_) table_ = Box<Table>::make(accounts().connections, 0);
  return static_cast<bool>(table_);
}

Error SideTable::too_many(const char* what, std::uint32_t limit) {
  return {.code = ErrorCode::rejected_by_limit, .what = what, .value = limit, .limit = limit};
}

// A restarted server numbers connections from 1 again, so an old number may belong to another
// client, which would be unblocked. If this connection was opened while the other one was ready,
// and has the higher number, the server did not restart in between.
bool SideTable::is_known_to_host(const Side& side) const {
  const std::uint64_t number = host_number(side);
  if (number == 0 || side.host_when_opened != number) return false;
  const Session& host = side.node == no_node ? main_ : owners()->session_of(side.node);
  return side.session.client_id() > host.client_id();
}

bool SideTable::ask_host(const Side& side, const CommandView& command, Tag tag) {
  return side.node == no_node ? main_.submit_internal(command, tag)
                              : owners()->ask(side.node, command, tag, now_);
}

}  // namespace plimsoll::inline v0
