#include "plimsoll/tests/sim/client/wire.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/sim/room.h"

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;

constexpr Error refused_error{.code = ErrorCode::connect_failed, .what = "connection refused"};
constexpr Error reset_error{.code = ErrorCode::connection_lost, .what = "connection reset"};
constexpr Error ended_error{.code = ErrorCode::connection_lost, .what = "closed by the server"};

}  // namespace

WireHabits::WireHabits(Random& random) {
  constexpr std::array all = {Writes::at_once, Writes::later, Writes::told_later};
  writes = random.one_of(all);
  write_time_max = random.between(microseconds(1), microseconds(500));
  read_bytes_max = random.one_in(3) ? 1 + random.skewed(20'000) : SIZE_MAX;
}

Wire::Wire(Environment& environment, std::uint32_t driver, ConnectionId connection, Owner& owner,
           const WireHabits& habits)
    : environment_(environment),
      driver_(driver),
      connection_(connection),
      owner_(owner),
      habits_(habits),
      random_(environment.scenario.seed, Random::Purpose::wire,
              driver * 256u + static_cast<std::uint32_t>(connection)) {}

Wire::~Wire() {
  if (waits_for_room_) owner_.budget().stop_waiting(*this);
}

void Wire::hold_news(Duration time) {
  if (is_open() && link_->established()) link_->hold(Link::Direction::to_client, time);
}

void Wire::reset() {
  if (is_open() && link_->established()) link_->reset();
}

void Wire::begin() {
  told_of_room_ = waits_for_room_ = write_blocked_ = writing_ = open_ = false;
  link_ = nullptr;
  heard_until_ = {};
}

void Wire::finish() {
  require(link_ == nullptr, "a client that is over has no connection");
  if (writing_) end_write();
  owner_.budget().stop_waiting(*this);
  waits_for_room_ = false;
}

void Wire::open(std::size_t server, PoolKind pool, Link::Attempt attempt) {
  require(link_ == nullptr, "a client has one connection of a number at a time");
  if (writing_) end_write();
  pool_ = pool;
  link_ = &environment_.network.connect(*this, server, attempt);
  links_.push_back(link_->serial());
  open_ = write_blocked_ = false;
  environment_.note("client", driver_, "connects to server % (connection %)", server,
                    link_->serial());
}

void Wire::close() {
  require(link_ != nullptr, "a client closes only what is open");
  if (link_ == nullptr) return;
  environment_.note("client", driver_, "closes connection %", link_->serial());
  if (random_.one_in(2)) {
    link_->close_by_client();
  } else {
    link_->reset_by_client();
  }
  link_ = nullptr;
  open_ = false;
  if (is_main()) owner_.handle_end();
  let_go_of_write();
}

// With its connection, the transport has let go of the bytes. It may still say so.
void Wire::let_go_of_write() {
  lost_write_ = writing_;
  if (writing_ && random_.one_in(2)) writing_ = false;
}

// The transport says that there is no connection, or none any more.
void Wire::lose_link(const Error& reason) {
  environment_.note("client", driver_, "loses connection %: %", link_->serial(), reason.what);
  link_->close_by_client();
  link_ = nullptr;
  open_ = false;
  if (is_main()) owner_.handle_end();
  let_go_of_write();
  owner_.client()->handle_closed(connection_, reason, owner_.time());
  owner_.settle();
}

void Wire::hear_of(Plan news) {
  if (!frozen()) return act_on(news);
  // All that can be read is read when it thaws, however often that was told.
  const ReadableNews told{.connection = link_->serial(), .until = owner_.frozen_until()};
  if (news == readable && std::exchange(told_readable_, told) == told) return;
  environment_.schedule.plan_at(owner_.frozen_until(), *this, news, link_->serial());
}

void Wire::handle(std::uint32_t what, std::uint64_t detail) {
  if (frozen()) return environment_.schedule.plan_at(owner_.frozen_until(), *this, what, detail);
  if (owner_.client() == nullptr) return;
  const auto plan = static_cast<Plan>(what);
  switch (plan) {
    case write_done:
      if (!writing_ || detail != write_number_) return;
      end_write();
      return owner_.settle();
    case retry_read: waits_for_room_ = told_of_room_ = false; return read_all();
    case connected:
    case refused:
    case readable:
    case writable:
    case lost:
      if (link_ != nullptr && detail == link_->serial()) act_on(plan);
      return;
  }
}

void Wire::act_on(Plan news) {
  if (is_main()) owner_.handle_news();
  switch (news) {
    case connected:
      open_ = true;
      owner_.client()->handle_opened(connection_, owner_.time());
      return owner_.settle();
    case refused: return lose_link(refused_error);
    case readable: return read_all();
    case writable: write_blocked_ = false; return owner_.settle();
    case lost: return lose_link(reset_error);
    case write_done:
    case retry_read: return;
  }
}

void Wire::read_all() {
  while (link_ != nullptr && open_ && owner_.reads() && !waits_for_room_) {
    Pipe& pipe = link_->to_client();
    const std::string_view bytes = pipe.readable();
    if (bytes.empty()) {
      if (pipe.has_ended()) lose_link(ended_error);
      return;
    }
    plimsoll::Client& client = *owner_.client();
    std::span<char> space = client.read_space(connection_);
    if (space.empty() && client.is_paused(connection_)) return;  // the client says when to go on
    if (space.empty() && !wait_for_room()) return;
    if (space.empty()) space = client.read_space(connection_);
    const std::size_t count = std::min({bytes.size(), space.size(), habits_.read_bytes_max});
    std::memcpy(space.data(), bytes.data(), count);
    pipe.read(count);
    environment_.note("client", driver_, "reads % bytes of connection %", count, link_->serial());
    if (is_main()) owner_.handle_bytes();
    owner_.note_read(link_->serial(), count);
    link_->note_heard(count);
    const Instant heard_until = link_->heard_until();
    client.handle_read(connection_, count, owner_.time());
    owner_.settle();
    heard_until_ = std::max(heard_until_, heard_until);
  }
}

// Asks first to be told, then looks again: what is released in between is not missed.
bool Wire::wait_for_room() {
  owner_.budget().wait(*this);
  const std::uint64_t refusals = refusals_by_source();
  if (!owner_.client()->read_space(connection_).empty()) {
    owner_.budget().stop_waiting(*this);
    return true;
  }
  waits_for_room_ = true;
  refused_by_source_ = refusals_by_source() != refusals;
  environment_.note("client", driver_, "has no room to read: waits for memory");
  owner_.settle();  // a timer of the client's may be wanted
  return false;
}

void Wire::try_again_for_room() {
  if (!waits_for_room_) return;
  waits_for_room_ = false;
  owner_.budget().stop_waiting(*this);
  read_all();
}

void Wire::handle_budget_available() {
  told_of_room_ = true;
  environment_.schedule.plan(Duration::zero(), *this, retry_read);
}

std::uint64_t Wire::refusals_by_source() const {
  return environment_.coverage.refusals_by_source();
}

void Wire::check_news_of_room() {
  if (!waits_for_news()) return;
  Budget& budget = owner_.budget();
  require(!has_room_for(budget, pool_, segment_bytes),
          "who waits for memory is told when there is some");
  ProgressReserve& reserve = budget.progress_reserve();
  Segment* const segment = reserve.take(this);
  require(segment == nullptr, "who waits for memory is told when the progress reserve is free");
  if (segment != nullptr) reserve.give_back(*segment);
}

void Wire::flush() {
  while (link_ != nullptr && open_ && !writing_ && !write_blocked_) {
    plimsoll::Client& client = *owner_.client();
    // Nodes of a cluster have higher numbers, and are named once.
    const auto number = static_cast<unsigned>(connection_);
    const bool told = number >= 64 || (client.unsent_connections() >> number & 1) != 0;
    spans_count_ = client.poll_transmit(connection_, spans_);
    require(told || spans_count_ == 0, "unsent_connections() names all that have bytes to send");
    if (spans_count_ == 0) return;
    writing_ = true;
    lost_write_ = false;
    if (habits_.writes != Writes::at_once) {
      ++write_number_;
      write_hash_ = hash_of_spans();
      if (habits_.writes == Writes::told_later) {
        moved_bytes_ = move_bytes();
        writing_ = true;
      }
      const Duration time = random_.between(Duration::zero(), habits_.write_time_max);
      return environment_.schedule.plan(time, *this, write_done, write_number_);
    }
    client.handle_written(connection_, move_bytes());
  }
}

void Wire::end_write() {
  const bool at_once = habits_.writes == Writes::at_once;
  require(at_once || lost_write_ || hash_of_spans() == write_hash_,
          "bytes stay where they are while they are sent");
  const std::size_t told = lost_write_ ? 0 : moved_bytes_;
  const std::size_t bytes = habits_.writes == Writes::told_later ? told : move_bytes();
  writing_ = false;
  owner_.client()->handle_written(connection_, bytes);
}

// How many of the bytes the transport takes.
std::size_t Wire::move_bytes() {
  writing_ = false;
  if (lost_write_) return 0;
  std::size_t all = 0;
  for (std::size_t i = 0; i < spans_count_; ++i) all += spans_[i].size();
  std::size_t taken = 0;
  for (std::size_t i = 0; i < spans_count_; ++i) {
    const std::size_t part = link_->to_server().write(spans_[i]);
    taken += part;
    if (part < spans_[i].size()) break;
  }
  write_blocked_ = taken < all;
  owner_.note_sent(link_->serial(), taken);
  environment_.note("client", driver_, "sends % bytes of % on connection %", taken, all,
                    link_->serial());
  return taken;
}

// Of much that waits for a slow connection, most is looked at now and then only.
std::uint64_t Wire::hash_of_spans() const {
  constexpr std::size_t end_bytes = 2048;
  const bool whole = write_number_ % 8 == 0;
  StreamHash hash;
  for (std::size_t i = 0; i < spans_count_; ++i) {
    const std::string_view span = spans_[i];
    if (whole || span.size() <= 2 * end_bytes) {
      hash.add(span);
    } else {
      hash.add(span.substr(0, end_bytes));
      hash.add(span.substr(span.size() - end_bytes));
    }
  }
  return hash.value();
}

}  // namespace plimsoll::sim
