#include "plimsoll/core/client/flight_recorder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

constexpr std::size_t number_bytes_max = 10;

struct EncodedNumber {
  std::array<char, number_bytes_max> bytes;
  std::size_t size = 0;

  explicit EncodedNumber(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) {
      bytes[size++] = static_cast<char>((number & 0x7f) | 0x80);
    }
    bytes[size++] = static_cast<char>(number);
  }
  std::string_view view() const { return {bytes.data(), size}; }
};

std::size_t encoded_size(std::uint64_t number) { return EncodedNumber(number).size; }

// Collects the runs of a read: shown bytes as they are, hidden ones as a count. Used twice for each
// read: first to compute the size of the record, then to write it.
template <class Put, class PutNumber>
class Runs {
 public:
  Runs(Put put, PutNumber put_number) : put_(put), put_number_(put_number) {}

  void show(char c) {
    if (shown_size_ == shown_.size()) end();
    if (hidden_ > 0) end();
    shown_[shown_size_++] = c;
  }
  void hide(std::size_t bytes) {
    if (shown_size_ > 0) end();
    hidden_ += bytes;
  }
  void end() {
    if (shown_size_ > 0) {
      put_number_(shown_size_ * 2);
      put_(std::string_view(shown_.data(), shown_size_));
    } else if (hidden_ > 0) {
      put_number_(hidden_ * 2 + 1);
    }
    shown_size_ = hidden_ = 0;
  }

 private:
  Put put_;
  PutNumber put_number_;
  std::array<char, 128> shown_;
  std::size_t shown_size_ = 0;
  std::size_t hidden_ = 0;
};

}  // namespace

Status FlightRecorder::start(Account& connections, std::size_t ring_bytes) {
  stop();
  if (ring_bytes < ring_bytes_min || ring_bytes > ring_bytes_max) {
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "the flight recorder cannot have a ring of this size",
                 .expected = "4 KiB to 64 MiB",
                 .value = ring_bytes};
  }
  ring_ = Block::allocate(connections, ring_bytes);
  if (!ring_) {
    return Error{.code = ErrorCode::out_of_memory,
                 .what = "the connections pool has no room for the flight recorder",
                 .value = ring_bytes};
  }
  begin_ = used_ = 0;
  begin_time_ = last_time_ = Instant{};
  // The recording may start in the middle of a reply, where the redactor cannot know its state.
  redactor_.reset();
  note(FlightRecord::gap, {});
  return {};
}

FlightRecorder::Records FlightRecorder::records() const {
  const std::size_t first = std::min(used_, ring_.size() - begin_);
  return {.begin = begin_time_,
          .first = std::string_view(ring() + begin_, first),
          .second = std::string_view(ring(), used_ - first)};
}

void FlightRecorder::note(FlightRecord kind, std::initializer_list<std::uint64_t> numbers,
                          std::string_view text) {
  std::size_t payload = text.size();
  for (const std::uint64_t number : numbers) payload += encoded_size(number);
  if (!begin_record(kind, payload)) return;
  for (const std::uint64_t number : numbers) put_number(number);
  put(text);
}

void FlightRecorder::note_at(Instant now, FlightRecord kind,
                             std::initializer_list<std::uint64_t> numbers, std::string_view text) {
  PLIMSOLL_CHECK(has_time(kind));
  const std::uint64_t passed = time_since_last(now);
  std::size_t payload = encoded_size(passed) + text.size();
  for (const std::uint64_t number : numbers) payload += encoded_size(number);
  if (!begin_record(kind, payload)) return;
  put_number(passed);
  for (const std::uint64_t number : numbers) put_number(number);
  put(text);
}

void FlightRecorder::note_read(Instant now, std::string_view bytes, Redaction redaction) {
  const auto for_each_run = [&](Redactor& redactor, auto&& put, auto&& put_number) {
    Runs runs(put, put_number);
    const auto show = [&](char c) { runs.show(c); };
    if (redaction == Redaction::none) {
      for (const char c : bytes) runs.show(c);
      redactor.redact(bytes, [](char) {}, [](std::size_t) {});
    } else {
      redactor.redact(bytes, show, [&](std::size_t size) { runs.hide(size); });
    }
    runs.end();
  };

  const std::uint64_t passed = time_since_last(now);
  std::size_t payload = encoded_size(passed);
  Redactor redactor = redactor_;
  for_each_run(
      redactor, [&](std::string_view shown) { payload += shown.size(); },
      [&](std::uint64_t number) { payload += encoded_size(number); });
  if (begin_record(FlightRecord::read, payload)) {
    put_number(passed);
    redactor = redactor_;
    for_each_run(
        redactor, [&](std::string_view shown) { put(shown); },
        [&](std::uint64_t number) { put_number(number); });
  }
  redactor_ = redactor;
}

std::uint64_t FlightRecorder::time_since_last(Instant now) {
  const Duration passed = std::max(now - last_time_, Duration::zero());
  last_time_ = std::max(now, last_time_);
  return static_cast<std::uint64_t>(passed.count());
}

// Makes room by dropping the oldest records. A record that is larger than the ring becomes a gap.
bool FlightRecorder::begin_record(FlightRecord kind, std::size_t payload_bytes) {
  const std::size_t size = 1 + payload_bytes;
  const std::size_t all = encoded_size(size) + size;
  if (all > ring_.size()) {
    begin_ = used_ = 0;
    begin_time_ = last_time_;
    if (kind != FlightRecord::gap) note(FlightRecord::gap, {});
    return false;
  }
  while (ring_.size() - used_ < all) drop_oldest();
  put_number(size);
  const char kind_byte = static_cast<char>(kind);
  put({&kind_byte, 1});
  return true;
}

void FlightRecorder::drop_oldest() {
  PLIMSOLL_CHECK(used_ > 0);
  std::size_t offset = 0;
  const auto size = static_cast<std::size_t>(take_number(offset));
  const std::size_t end = offset + size;
  const auto kind = static_cast<FlightRecord>(ring()[(begin_ + offset) % ring_.size()]);
  ++offset;
  if (has_time(kind)) begin_time_ += Duration(static_cast<Duration::rep>(take_number(offset)));
  PLIMSOLL_CHECK(end <= used_);
  begin_ = (begin_ + end) % ring_.size();
  used_ -= end;
}

std::uint64_t FlightRecorder::take_number(std::size_t& offset) const {
  std::uint64_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(ring()[(begin_ + offset++) % ring_.size()]);
    number |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return number;
  }
}

void FlightRecorder::put_number(std::uint64_t number) { put(EncodedNumber(number).view()); }

void FlightRecorder::put(std::string_view bytes) {
  const std::size_t at = (begin_ + used_) % ring_.size();
  const std::size_t first = std::min(bytes.size(), ring_.size() - at);
  if (first > 0) std::memcpy(ring() + at, bytes.data(), first);
  if (first < bytes.size()) std::memcpy(ring(), bytes.data() + first, bytes.size() - first);
  used_ += bytes.size();
}

}  // namespace plimsoll::inline v0
