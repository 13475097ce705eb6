#include "plimsoll/tests/sim/network/network.h"

namespace plimsoll::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

Network::Network(Schedule& schedule, const Scenario& scenario, Coverage& coverage)
    : schedule_(schedule),
      faults_(scenario.faults),
      coverage_(coverage),
      random_(scenario.seed, Random::Purpose::network) {}

std::size_t Network::add_server(Link::Server& server) {
  doors_.push_back({.server = &server});
  return doors_.size() - 1;
}

Link& Network::connect(Link::Client& client, std::size_t server, Link::Attempt attempt) {
  // The one that has been out of use for longest: nobody has it on their stack any more.
  Link* free = nullptr;
  for (std::size_t i = 0; i < links_.size() && free == nullptr; ++i) {
    Link& link = links_[next_link_++ % links_.size()];
    if (!link.in_use()) free = &link;
  }
  if (free == nullptr) free = &links_.emplace_back(schedule_, random_);

  const Door& door = doors_[server];
  Duration wait{};
  const Instant now = schedule_.now();
  if (attempt != Link::Attempt::succeeds) {
    // Nothing makes it better.
  } else if (now < door.ignores_until) {
    attempt = Link::Attempt::is_not_answered;
    coverage_.count(Fault::unanswered_connect);
  } else if (now < door.refuses_until) {
    attempt = Link::Attempt::is_refused;
    coverage_.count(Fault::refused_connect);
  }
  if (now < door.delays_until) {
    wait = random_.between(milliseconds(1), milliseconds(3000));
    coverage_.count(Fault::slow_connect);
  }
  free->connect(++serial_, client, *door.server, draw_conditions(), attempt, wait);
  return *free;
}

Conditions Network::draw_conditions() {
  Conditions conditions;
  if (calm_ && pieces_ == Pipe::Pieces::as_before) {
    conditions.piece_bytes_max = 1 + random_.skewed(3000);
  }
  if (calm_) return conditions;
  const auto strikes = [this](Fault fault) {
    if (!faults_.has(fault) || !random_.one_in(3)) return false;
    coverage_.count(fault);
    return true;
  };
  if (strikes(Fault::latency)) {
    conditions.latency_min = random_.between(microseconds(50), milliseconds(50));
    conditions.latency_max = random_.between(conditions.latency_min, milliseconds(200));
  }
  if (strikes(Fault::narrow)) {
    conditions.time_per_byte = random_.between(nanoseconds(20), microseconds(20));
  }
  if (strikes(Fault::splits)) conditions.piece_bytes_max = 1 + random_.skewed(3000);
  if (strikes(Fault::small_buffers)) {
    conditions.send_buffer = 1 + random_.skewed(8000);
    conditions.receive_buffer = 1 + random_.skewed(8000);
  }
  return conditions;
}

void Network::refuse_connections(std::size_t server, Duration time) {
  doors_[server].refuses_until = schedule_.now() + time;
}

void Network::delay_connections(std::size_t server, Duration time) {
  doors_[server].delays_until = schedule_.now() + time;
}

void Network::ignore_connections(std::size_t server, Duration time) {
  doors_[server].ignores_until = schedule_.now() + time;
}

Link* Network::pick() {
  if (links_.empty()) return nullptr;
  const std::size_t begin = random_.below(links_.size());
  for (std::size_t i = 0; i < links_.size(); ++i) {
    Link& link = links_[(begin + i) % links_.size()];
    if (link.established()) return &link;
  }
  return nullptr;
}

void Network::calm_down(Pipe::Pieces pieces) {
  calm_ = true;
  pieces_ = pieces;
  const Instant now = schedule_.now();
  for (Door& door : doors_) door.refuses_until = door.delays_until = door.ignores_until = now;
  for_each([pieces](Link& link) { link.calm_down(pieces); });
}

}  // namespace plimsoll::sim
