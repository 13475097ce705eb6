#include "plimsoll/tests/support/fault_proxy_link.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace plimsoll::testing {
namespace {

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

FaultProxyLink::FaultProxyLink(Descriptor client, Descriptor server, Mode mode,
                               std::optional<PlannedCut> plan)
    : client_(std::move(client)),
      server_(std::move(server)),
      ways_{Way{client_, server_, mode}, Way{server_, client_, mode}},
      plan_(plan) {}

void FaultProxyLink::pump() {
  pump(Direction::to_server, ways_[0]);
  pump(Direction::to_client, ways_[1]);
}

void FaultProxyLink::pump(Direction direction, Way& way) {
  for (;;) {
    if (broken() || way.mode == Mode::stalled) return;
    const bool moved = way.held.empty() ? read(direction, way) : write(way);
    if (!moved) return;
  }
}

bool FaultProxyLink::read(Direction direction, Way& way) {
  if (way.from_ended) return false;
  // Looked at first: the byte that the plan forbids is never taken.
  std::array<char, 65536> piece;
  const int from = way.from.number();
  const ssize_t count = ::recv(from, piece.data(), piece.size(), MSG_DONTWAIT | MSG_PEEK);
  if (count < 0) {
    if (!would_block()) reset();
    return false;
  }
  if (count == 0) {
    way.from_ended = true;
    // One that swallows keeps the end to itself as well.
    if (way.mode == Mode::passing) ::shutdown(way.to.number(), SHUT_WR);
    return false;
  }
  auto taken = static_cast<std::size_t>(count);
  if (way.mode == Mode::passing && plan_ && plan_->direction == direction) {
    if (way.passed == plan_->bytes) {
      const Cut how = plan_->cut;
      plan_.reset();
      cut(way, how);
      return true;
    }
    taken = std::min(taken, plan_->bytes - way.passed);
  }
  ::recv(from, piece.data(), taken, MSG_DONTWAIT);
  if (way.mode == Mode::passing) way.held.assign(piece.data(), taken);
  return true;
}

bool FaultProxyLink::write(Way& way) {
  const ssize_t count =
      ::send(way.to.number(), way.held.data(), way.held.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0) {
    if (!would_block()) reset();
    return false;
  }
  way.held.erase(0, static_cast<std::size_t>(count));
  way.passed += static_cast<std::size_t>(count);
  return true;
}

std::array<FaultProxyLink::Wanted, 2> FaultProxyLink::wanted() const {
  std::array<Wanted, 2> all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Way& way = ways_[i];
    if (way.mode == Mode::stalled) continue;
    if (!way.held.empty()) {
      all[i] = {way.to.number(), POLLOUT};
    } else if (!way.from_ended) {
      all[i] = {way.from.number(), POLLIN};
    }
  }
  return all;
}

bool FaultProxyLink::over() const {
  const auto ended = [](const Way& way) { return way.from_ended && way.held.empty(); };
  return broken() || std::all_of(ways_.begin(), ways_.end(), ended);
}

void FaultProxyLink::reset() {
  client_.reset();
  server_.reset();
}

void FaultProxyLink::cut(Cut how) {
  for (Way& way : ways_) {
    if (!broken()) cut(way, how);
  }
}

void FaultProxyLink::cut(Way& way, Cut how) {
  switch (how) {
    case Cut::reset: reset(); return;
    case Cut::close:
      // Not a close() before all is read: that would be a reset.
      ::shutdown(client_.number(), SHUT_WR);
      ::shutdown(server_.number(), SHUT_WR);
      swallow();
      return;
    case Cut::half_close: ::shutdown(way.to.number(), SHUT_WR); [[fallthrough]];
    case Cut::swallow:
      way.held.clear();
      way.mode = Mode::swallowing;
      return;
    case Cut::stall: way.mode = Mode::stalled; return;
  }
}

void FaultProxyLink::swallow() {
  for (Way& way : ways_) {
    way.held.clear();
    way.mode = Mode::swallowing;
  }
}

void FaultProxyLink::stall() {
  for (Way& way : ways_) {
    if (way.mode == Mode::passing) way.mode = Mode::stalled;
  }
}

void FaultProxyLink::heal() {
  plan_.reset();
  for (Way& way : ways_) {
    if (way.mode == Mode::stalled) way.mode = Mode::passing;
  }
}

}  // namespace plimsoll::testing
