#include "plimsoll/tests/sim/network/pipe.h"

#include <algorithm>

namespace plimsoll::sim {

void Pipe::start(const Conditions& conditions) {
  conditions_ = conditions;
  bytes_.clear();
  begin_ = read_ = arrived_ = departed_ = written_ = 0;
  fetches_.clear();
  first_flight_ = 0;
  way_free_at_ = last_arrival_ = schedule_.now();
  ++life_;
  planned_ = held_ = cut_ = room_wanted_ = false;
  end_written_ = end_departed_ = end_arrived_ = false;
  hash_ = {};
}

std::size_t Pipe::write(std::string_view bytes) {
  if (cut_ || end_written_) return bytes.size();
  const std::size_t held = written_ - arrived_;
  const std::size_t room = conditions_.send_buffer - std::min(held, conditions_.send_buffer);
  const std::size_t taken = std::min(room, bytes.size());
  room_wanted_ = room_wanted_ || taken < bytes.size();
  bytes_.append(bytes.substr(0, taken));
  hash_.add(bytes.substr(0, taken));
  written_ += taken;
  depart();
  return taken;
}

void Pipe::end() {
  end_written_ = true;
  depart();
}

// Sends off what the receiver has room for.
void Pipe::depart() {
  const Instant now = schedule_.now();
  while (!cut_) {
    const std::uint64_t window = read_ + conditions_.receive_buffer;
    const std::uint64_t ready = std::min(written_, std::max(window, departed_)) - departed_;
    const bool ends = end_written_ && !end_departed_ && departed_ == written_;
    if (ready == 0 && !ends) break;
    std::uint64_t piece = ready;
    if (conditions_.piece_bytes_max < piece) {
      piece = random_.between(1, conditions_.piece_bytes_max);
      piece = std::min(piece, ready);
    }
    way_free_at_ = std::max(now, way_free_at_) + piece * conditions_.time_per_byte;
    const Duration latency = random_.between(conditions_.latency_min, conditions_.latency_max);
    last_arrival_ = std::max(last_arrival_, way_free_at_ + latency);
    departed_ += piece;
    end_departed_ = end_departed_ || ends;
    fetches_.push_back({.at = last_arrival_, .end = departed_, .last = ends});
  }
  plan_arrival();
}

void Pipe::plan_arrival() {
  if (planned_ || held_ || first_flight_ == fetches_.size()) return;
  planned_ = true;
  schedule_.plan_at(fetches_[first_flight_].at, *this, 0, life_);
}

void Pipe::handle(std::uint32_t, std::uint64_t life) {
  if (life != life_ || !planned_) return;
  planned_ = false;
  if (!held_ && !cut_) arrive();
}

void Pipe::arrive() {
  const std::uint64_t life = life_;
  bool any = false;
  while (first_flight_ < fetches_.size() && fetches_[first_flight_].at <= schedule_.now()) {
    const Flight& flight = fetches_[first_flight_++];
    arrived_ = flight.end;
    end_arrived_ = end_arrived_ || flight.last;
    any = true;
  }
  if (first_flight_ == fetches_.size()) {
    fetches_.clear();
    first_flight_ = 0;
  }
  plan_arrival();
  if (any) ends_.handle_arrival(*this);
  if (life != life_ || !room_wanted_ || written_ - arrived_ >= conditions_.send_buffer) return;
  room_wanted_ = false;
  ends_.handle_room(*this);
}

void Pipe::read(std::size_t count) {
  read_ += count;
  if (read_ == written_) {
    bytes_.clear();
    begin_ = read_;
  } else if (read_ - begin_ > 64 * 1024) {
    bytes_.erase(0, read_ - begin_);
    begin_ = read_;
  }
  if (departed_ < written_) depart();
}

void Pipe::hold() {
  held_ = true;
  planned_ = false;
  ++life_;
}

void Pipe::release() {
  held_ = false;
  plan_arrival();
}

void Pipe::calm_down(Pieces pieces) {
  release();
  const std::size_t piece_bytes_max = conditions_.piece_bytes_max;
  conditions_ = {};
  if (pieces == Pieces::as_before) conditions_.piece_bytes_max = piece_bytes_max;
  way_free_at_ = schedule_.now();
  depart();
}

void Pipe::cut() {
  cut_ = true;
  planned_ = room_wanted_ = false;
  ++life_;
}

}  // namespace plimsoll::sim
