#include <algorithm>
#include <cstring>

#include "plimsoll/tests/sim/client/driver.h"

// The driver's transport: connections, reading, writing.

namespace plimsoll::sim {
namespace {

constexpr Error ended_error{.code = ErrorCode::connection_lost, .what = "closed by the server"};

}  // namespace

void Driver::open() {
  if (writing_) end_write();
  if (was_ready_) check_attempt();
  link_ = &environment_.network.connect(*this, server_);
  open_ = write_blocked_ = false;
  environment_.note("client", number_, "connects to server % (connection %)", server_,
                    link_->serial());
}

void Driver::close_link() {
  environment_.note("client", number_, "closes connection %", link_->serial());
  if (random_.one_in(2)) {
    link_->close_by_client();
  } else {
    link_->reset_by_client();
  }
  link_ = nullptr;
  open_ = false;
  without_link_since_ = environment_.now();
  let_go_of_write();
}

// With its connection, the transport has let go of the bytes. It may still say so.
void Driver::let_go_of_write() {
  lost_write_ = writing_;
  if (writing_ && random_.one_in(2)) writing_ = false;
}

// The transport says that there is no connection, or none any more.
void Driver::lose_link(const Error& reason) {
  environment_.note("client", number_, "loses connection %: %", link_->serial(), reason.what);
  link_->close_by_client();
  link_ = nullptr;
  open_ = false;
  without_link_since_ = environment_.now();
  let_go_of_write();
  client_->handle_closed(first_connection, reason, environment_.now());
  settle();
}

void Driver::read_all() {
  while (link_ != nullptr && open_ && !paused_ && !waits_for_room_) {
    Pipe& pipe = link_->to_client();
    const std::string_view bytes = pipe.readable();
    if (bytes.empty()) {
      if (pipe.has_ended()) lose_link(ended_error);
      return;
    }
    std::span<char> space = client_->read_space(first_connection);
    if (space.empty() && !wait_for_room()) return;
    if (space.empty()) space = client_->read_space(first_connection);
    const std::size_t count = std::min({bytes.size(), space.size(), read_bytes_max_});
    std::memcpy(space.data(), bytes.data(), count);
    pipe.read(count);
    environment_.note("client", number_, "reads % bytes", count);
    quiet_since_ = environment_.now();
    client_->handle_read(first_connection, count, environment_.now());
    settle();
  }
}

// Asks first to be told, then looks again: what is released in between is not missed.
bool Driver::wait_for_room() {
  budget_->wait(*this);
  const std::uint64_t refusals = refusals_by_source();
  if (!client_->read_space(first_connection).empty()) {
    budget_->stop_waiting(*this);
    return true;
  }
  waits_for_room_ = true;
  refused_by_source_ = refusals_by_source() != refusals;
  environment_.note("client", number_, "has no room to read: waits for memory");
  arm_timer();
  return false;
}

void Driver::handle_budget_available() {
  told_of_room_ = true;
  environment_.schedule.plan(Duration::zero(), *this, retry_read);
}

void Driver::flush() {
  while (link_ != nullptr && open_ && !writing_ && !write_blocked_) {
    spans_count_ = client_->poll_transmit(first_connection, spans_);
    if (spans_count_ == 0) return;
    writing_ = true;
    lost_write_ = false;
    if (writes_ != Writes::at_once) {
      ++write_number_;
      write_hash_ = hash_of_spans();
      if (writes_ == Writes::told_later) {
        moved_bytes_ = move_bytes();
        writing_ = true;
      }
      const Duration time = random_.between(Duration::zero(), write_time_max_);
      return environment_.schedule.plan(time, *this, write_done, write_number_);
    }
    client_->handle_written(first_connection, move_bytes());
  }
}

Driver::Writes Driver::draw_writes(Random& random) {
  constexpr std::array all = {Writes::at_once, Writes::later, Writes::told_later};
  return random.one_of(all);
}

void Driver::end_write() {
  require(lost_write_ || hash_of_spans() == write_hash_,
          "bytes stay where they are while they are sent");
  const std::size_t told = lost_write_ ? 0 : moved_bytes_;
  const std::size_t bytes = writes_ == Writes::told_later ? told : move_bytes();
  writing_ = false;
  client_->handle_written(first_connection, bytes);
}

// How many of the bytes the transport takes.
std::size_t Driver::move_bytes() {
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
  environment_.note("client", number_, "sends % bytes of %", taken, all);
  return taken;
}

// Of much that waits for a slow connection, most is looked at now and then only.
std::uint64_t Driver::hash_of_spans() const {
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
