#include "plimsoll/native/bridge/entry/arrivals.h"

#include <utility>

#include "plimsoll/core/base/check.h"

namespace plimsoll::bridge {
namespace {

using boost::beast::http::status;

}  // namespace

// ---- One connection

Arrival::Arrival(Arrivals& arrivals, Stream& stream)
    : arrivals_(arrivals),
      stream_(stream),
      charge_(arrivals.account_),
      list_(&arrivals.half_open_),
      at_(list_->insert(list_->end(), this)) {
  ++arrivals_.counters_.half_open;
}

Arrival::~Arrival() {
  settle();
  list_->erase(at_);
}

Admission Arrival::admit() {
  arrivals_.note_half_open(*this);
  if (!arrivals_.give_place(*this)) {
    return refuse(status::service_unavailable, "connections_max", retry_later);
  }
  if (charge_.bytes() > 0 || pay(half_open_bytes)) return {};
  ++arrivals_.counters_.out_of_memory;
  return refuse(status::service_unavailable, "memory_limit", retry_later);
}

bool Arrival::pay(std::size_t bytes) {
  PLIMSOLL_CHECK(!is_dropped_);
  if (bytes > charge_.bytes()) return arrivals_.pay_more(*this, bytes - charge_.bytes());
  charge_.shrink(charge_.bytes() - bytes);
  return true;
}

void Arrival::wait() { arrivals_.move(*this, arrivals_.half_open_); }

void Arrival::settle() { arrivals_.move(*this, arrivals_.settled_); }

void Arrival::linger() { arrivals_.move(*this, arrivals_.lingering_); }

// ---- All connections

// Whether the client's network holds no other place, as far as the bridge knows.
bool Arrivals::is_newcomer(const Arrival& arrival) const {
  return !arrival.place_of_address || !limits_.has_another(arrival.place_of_address);
}

bool Arrivals::give_place(Arrival& arrival) {
  const std::size_t all = limits_.connections_max();
  const std::size_t max = is_newcomer(arrival) ? all : without_newcomers_part(all);
  const std::size_t others = limits_.connections_count() - (arrival.place_ ? 1 : 0);
  if (others > max) return false;
  if (others == max) {
    Arrival* const next = next_to_drop(arrival);
    if (next == nullptr) return false;
    drop(*next);
  }
  if (!arrival.place_) arrival.place_ = limits_.take_place(max);
  return bool(arrival.place_);  // a connection of another thread may have taken it
}

bool Arrivals::is_above_its_part(const Arrival& arrival, std::size_t more) const {
  if (is_newcomer(arrival)) return false;
  const PoolKind pool = account_.pool();
  const std::size_t used = budget_.statistics().pool(pool).used;
  return used + more > without_newcomers_part(budget_.limit(pool));
}

// Drops others until there is room, but no more of them than could make that room: the memory may
// be short for another reason.
bool Arrivals::pay_more(Arrival& arrival, std::size_t more) {
  if (is_above_its_part(arrival, 0)) return false;
  std::size_t freed = 0;
  while (is_above_its_part(arrival, more) || !arrival.charge_.grow(more)) {
    Arrival* const next = freed < more ? next_to_drop(arrival) : nullptr;
    if (next == nullptr) return false;
    freed += drop(*next);
  }
  return true;
}

// Returns null if no connection but `arrival` could make room. One that has paid nothing yet has no
// place either.
Arrival* Arrivals::next_to_drop(const Arrival& arrival) const {
  Arrival* first = nullptr;
  std::size_t examined = 0;
  for (const std::list<Arrival*>* const list : {&lingering_, &half_open_}) {
    for (Arrival* const each : *list) {
      if (each == &arrival || each->charge_.bytes() == 0) continue;
      if (list == &lingering_) return each;
      if (first == nullptr) first = each;
      const bool has_others =
          each->place_of_address && limits_.has_another_half_open(each->place_of_address);
      if (has_others) return each;
      if (++examined == examined_max) return first;
    }
  }
  return first;
}

// Returns how many bytes the connection paid for. Its coroutine notices at its next step, which is
// queued before the next connection is accepted.
std::size_t Arrivals::drop(Arrival& arrival) {
  ++counters_.dropped_half_open;
  arrival.is_dropped_ = true;
  arrival.place_ = ConnectionLimits::Place();
  arrival.place_of_address = ConnectionLimits::Place();
  const std::size_t bytes = arrival.charge_.bytes();
  arrival.charge_.shrink(bytes);
  move(arrival, settled_);
  arrival.stream_.reset();
  return bytes;
}

void Arrivals::move(Arrival& arrival, std::list<Arrival*>& to) {
  if (arrival.is_dropped_ && &to != &settled_) return;
  to.splice(to.end(), *arrival.list_, arrival.at_);
  arrival.list_ = &to;
  counters_.half_open = half_open_.size() + lingering_.size();
  note_half_open(arrival);
}

void Arrivals::note_half_open(Arrival& arrival) {
  if (!arrival.place_of_address) return;
  if (arrival.list_ == &settled_) {
    limits_.end_half_open(arrival.place_of_address);
  } else {
    limits_.begin_half_open(arrival.place_of_address);
  }
}

}  // namespace plimsoll::bridge
