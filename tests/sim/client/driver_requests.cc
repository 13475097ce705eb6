#include <algorithm>
#include <array>
#include <span>

#include "plimsoll/core/client/fetches.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/sim/client/driver.h"

// What the owner of a driver wants of the client.

namespace plimsoll::sim {
namespace {

// What describes a request beside its bytes.
constexpr std::size_t request_state_bytes_max = 8192;

}  // namespace

Result<RequestId> Driver::note_submitted(const Result<RequestId>& id, const CommandView* command,
                                         Tag tag, std::uint64_t refusals) {
  if (id) {
    const auto connection = static_cast<std::uint32_t>(*id >> 56);
    if (cluster_options_ != nullptr) {
      elsewhere_[tag] = first_connection;  // it may go from one node to another
    } else if (Admission::is_for_connection(*id)) {
      elsewhere_[tag] = first_connection;  // none yet
    } else if (connection == 0 || Admission::is_waiter_id(*id)) {
      ++waiting_count_;
    } else {
      elsewhere_[tag] = ConnectionId{connection};
      if (Replicas::owns(ConnectionId{connection})) ++movable_count_;
    }
  } else if (command != nullptr && id.error().limit == budget_->limit(PoolKind::requests)) {
    const std::size_t bytes = (encoded_size(*command) / segment_capacity + 1) * segment_bytes;
    if (leaves_room_to_waiters(bytes)) return id;
    check_refusal(refusals, PoolKind::requests, bytes + request_state_bytes_max);
  }
  return id;
}

// Where callers may wait, what is under way has half of the pool's share at most, or one request.
bool Driver::leaves_room_to_waiters(std::size_t bytes) {
  if (options_.inflight_overflow != OnLimit::wait) return false;
  std::array<AccountStatistics, 512> accounts;
  const std::size_t count = budget_->account_statistics(accounts);
  require(count <= accounts.size(), "there are no more accounts than the simulator looks at");
  std::size_t used = 0;
  for (const AccountStatistics& account : std::span(accounts).first(count)) {
    const bool is_ours = account.owner == client_->requests_account().owner();
    if (is_ours && account.pool == PoolKind::requests) used = account.used;
  }
  return used >= segment_bytes && used + bytes > budget_->share(PoolKind::requests) / 2;
}

Result<RequestId> Driver::prove(Duration timeout, Tag tag) {
  const Result<RequestId> id = client_->prove(time(), timeout, tag);
  if (id) fetches_.insert(tag);
  return note_submitted(id, nullptr, tag, 0);
}

Result<RequestId> Driver::submit_fresh(Duration max_staleness, const CommandView& command,
                                       Duration timeout, Tag tag) {
  const std::uint64_t refusals = refusals_by_source();
  const Result<RequestId> id = client_->submit(command, time(), timeout, tag, max_staleness);
  if (id && Fetches::is_waiter_id(*id)) fetches_.insert(tag);
  if (command.block_time != Duration::zero()) return note_blocking(id, command, timeout, tag);
  // In a cluster nobody does so in a slot, which the book of orders checks.
  require(!id || waiters_.empty() || cluster_options_ != nullptr,
          "nobody overtakes those who wait for room");
  const bool submitted = note_submitted(id, &command, tag, refusals).ok();
  if (submitted || !client_->may_wait(id.error())) return id;
  return note_submitted(wait_for_room(command, timeout, tag), &command, tag, refusals);
}

// Of what blocks. No connection is left for it, or the others wait for one already.
Result<RequestId> Driver::note_blocking(const Result<RequestId>& id, const CommandView& command,
                                        Duration timeout, Tag tag) {
  if (id) {
    require(blocked_waiters_.empty(), "nobody overtakes those who wait for a connection");
    pools_[static_cast<std::size_t>(*id >> 56)] = PoolKind::replies;
    return note_submitted(id, nullptr, tag, 0);
  }
  if (id.error().limit == options_.blocking_connections_max) {
    require(client_->statistics().blocking_connections == options_.blocking_connections_max,
            "what blocks is refused for the limit only where that is reached");
    environment_.coverage.count(Deed::blocking_set_full);
  }
  if (!client_->may_wait(id.error())) return id;
  return note_submitted(wait_for_room(command, timeout, tag), nullptr, tag, 0);
}

Result<RequestId> Driver::wait_for_room(const CommandView& command, Duration timeout, Tag tag) {
  const std::size_t bytes = encoded_size(command);
  const Result<RequestId> id = client_->wait_for_room(command, time(), timeout, tag);
  if (!id) return id;
  const bool blocks = command.block_time != Duration::zero();
  Waiter& waiter = (blocks ? blocked_waiters_ : waiters_)[tag];
  waiter.id = *id;
  waiter.deadline = never;
  if (timeout != Duration::zero() && command.block_time != CommandView::forever) {
    waiter.deadline = after(after(environment_.now(), command.block_time), timeout);
  }
  waiter.request.resize(bytes);
  encode(command, waiter.request.data());
  waiter.command = CommandView::from_encoded(waiter.request);
  waiter.command.effect = command.effect;
  waiter.command.block_time = command.block_time;
  waiter.command.answers = command.answers;
  return id;
}

void Driver::admit(Tag tag) {
  const bool blocks = waits_to_block(tag);
  std::map<Tag, Waiter>& line = blocks ? blocked_waiters_ : waiters_;
  const bool has_one_line = blocks || cluster_options_ == nullptr;
  require(has_one_line ? !line.empty() && line.begin()->first == tag : line.contains(tag),
          "who waits for room is admitted in the order of coming");
  const Waiter& waiter = line.at(tag);
  const RequestId id = client_->submit_admitted(waiter.command, tag);
  admitted_as_[waiter.id] = id;
  line.erase(tag);
  environment_.coverage.count(blocks ? Deed::connection_awaited : Deed::request_admitted);
  if (!blocks) return;
  elsewhere_[tag] = ConnectionId{static_cast<std::uint32_t>(id >> 56)};
  pools_[static_cast<std::size_t>(id >> 56)] = PoolKind::replies;
}

// Who waited for room, and is told that it was in vain.
bool Driver::note_gave_up(const Event& event) {
  if (waiters_.erase(event.tag) > 0) {
    environment_.coverage.count(Deed::waiter_gave_up);
    return true;
  }
  const auto found = blocked_waiters_.find(event.tag);
  if (found == blocked_waiters_.end()) return false;
  const Instant due = std::max({found->second.deadline, frozen_until_, environment_.jumped_until});
  require(found->second.deadline == never ||
              environment_.now() <= after(due, clock_.step() + std::chrono::microseconds(1)),
          "who waits for a connection is told when the time is over");
  blocked_waiters_.erase(found);
  environment_.coverage.count(Deed::connection_awaited_in_vain);
  return true;
}

Result<RequestId> Driver::submit_to(ConnectionId connection, const CommandView& command,
                                    Duration timeout, Tag tag) {
  const std::uint64_t refusals = refusals_by_source();
  return note_submitted(client_->submit_to(connection, command, time(), timeout, tag), &command,
                        tag, refusals);
}

Result<RequestId> Driver::subscribe(ConnectionId connection, SubscriptionKind kind,
                                    std::span<const std::string_view> names, Duration timeout,
                                    Tag tag) {
  return note_submitted(client_->subscribe(connection, kind, names, time(), timeout, tag), nullptr,
                        tag, 0);
}

Result<RequestId> Driver::unsubscribe(ConnectionId connection, SubscriptionKind kind,
                                      std::span<const std::string_view> names, Duration timeout,
                                      Tag tag) {
  return note_submitted(client_->unsubscribe(connection, kind, names, time(), timeout, tag),
                        nullptr, tag, 0);
}

Result<RequestId> Driver::next_messages(ConnectionId connection, std::size_t messages_max,
                                        Duration timeout, Tag tag) {
  return note_submitted(client_->next_messages(connection, messages_max, time(), timeout, tag),
                        nullptr, tag, 0);
}

std::optional<ConnectionId> Driver::open_exclusive() {
  const Result<ConnectionId> opened = client_->open_exclusive(time());
  if (!opened) return std::nullopt;
  require(blocked_waiters_.empty(), "nobody overtakes those who wait for a connection");
  pools_[static_cast<std::size_t>(*opened)] = PoolKind::replies;
  return *opened;
}

std::optional<ConnectionId> Driver::open_subscription() {
  const Result<ConnectionId> opened = client_->open_subscription(time());
  if (!opened) return std::nullopt;
  pools_[static_cast<std::size_t>(*opened)] = PoolKind::pushes;
  wire(*opened).forget_links();
  return *opened;
}

void Driver::release(ConnectionId connection) {
  client_->release(connection, time());
  settle();
}

void Driver::close_subscription(ConnectionId connection) {
  client_->close_subscription(connection, time());
  pools_[static_cast<std::size_t>(connection)] = PoolKind::replies;  // whatever it is used for next
  settle();
}

void Driver::set_credentials(const Credentials& credentials) {
  environment_.note("client", number_, "is told of new credentials");
  ++users_before_;
  told_user_ = credentials.username.empty() ? "default" : credentials.username;
  user_ = told_user_;
  client_->set_credentials(credentials);
  settle();
}

Result<Reply> Driver::keep_reply(std::size_t bytes) {
  const std::uint64_t refusals = refusals_by_source();
  Result<Reply> reply = client_->keep_reply();
  if (!reply && bytes < Reply::copied_bytes_max) {
    // At worst every three bytes are a value of their own.
    check_refusal(refusals, PoolKind::replies, (bytes / 3 + 1) * sizeof(Node) + bytes + 128);
  }
  return reply;
}

void Driver::cancel(RequestId id) {
  const auto admitted = admitted_as_.find(id);
  client_->cancel(admitted == admitted_as_.end() ? id : admitted->second, time());
  settle();
}

void Driver::close() {
  environment_.note("client", number_, "close()");
  client_->close(time());
  settle();
}

void Driver::abort() {
  environment_.note("client", number_, "abort()");
  client_->abort();
  settle();
}

}  // namespace plimsoll::sim
