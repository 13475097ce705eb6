#include "plimsoll/native/driver/dial.h"

#include <algorithm>
#include <utility>

#include "plimsoll/native/base/fork.h"

namespace plimsoll::inline v0::native {

using boost::system::error_code;

Dial::Dial(std::shared_ptr<void> owner, Strand& strand, Addresses addresses, Done done)
    : owner_(std::move(owner)),
      strand_(strand),
      addresses_(std::move(addresses)),
      fork_count_(current_fork_count()),
      done_(std::move(done)),
      timer_(strand.executor()) {
  sockets_.reserve(addresses_.size());  // a socket must not move while it connects
}

void Dial::start() { begin_next(); }

void Dial::stop() {
  over_ = true;
  done_ = nullptr;
  close_all();
}

void Dial::begin_next() {
  const std::size_t index = sockets_.size();
  sockets_.emplace_back(strand_.executor());
  ++under_way_;
  sockets_[index].async_connect(addresses_[index], strand_.bind([self = shared_from_this(),
                                                                 index](const error_code& problem) {
    self->handle_connected(index, problem);
  }));
  if (sockets_.size() < addresses_.size()) wait_for_next();
}

void Dial::wait_for_next() {
  timer_.expires_after(dial_wait);
  timer_.async_wait(
      strand_.bind([self = shared_from_this(), begun = sockets_.size()](const error_code& problem) {
        // A child of fork() must not touch its parent's sockets.
        if (problem || self->over_ || self->fork_count_ != current_fork_count()) return;
        if (begun == self->sockets_.size()) self->begin_next();
      }));
}

void Dial::handle_connected(std::size_t index, const error_code& problem) {
  if (over_ || fork_count_ != current_fork_count()) return;
  --under_way_;
  if (problem && sockets_.size() < addresses_.size()) return begin_next();
  if (problem && under_way_ > 0) return;
  over_ = true;
  Socket connected = std::move(sockets_[index]);
  close_all();
  std::exchange(done_, nullptr)(problem, std::move(connected));
}

void Dial::close_all() {
  timer_.cancel();
  error_code ignored;
  for (Socket& socket : sockets_) socket.close(ignored);
}

Dial::Addresses in_turns(const Dial::Addresses& addresses) {
  if (addresses.empty()) return {};
  const int first_family = addresses.front().protocol().family();
  const auto is_first = [first_family](const auto& address) {
    return address.protocol().family() == first_family;
  };
  Dial::Addresses first;
  Dial::Addresses others;
  for (const auto& address : addresses) (is_first(address) ? first : others).push_back(address);
  Dial::Addresses turns;
  for (std::size_t i = 0; i < std::max(first.size(), others.size()); ++i) {
    if (i < first.size()) turns.push_back(first[i]);
    if (i < others.size()) turns.push_back(others[i]);
  }
  turns.resize(std::min(turns.size(), dial_addresses_max));
  return turns;
}

}  // namespace plimsoll::inline v0::native
