#include "plimsoll/core/cluster/split.h"

#include <algorithm>
#include <utility>

namespace plimsoll::inline v0 {
namespace {

// One byte of CRC-16/XMODEM.
std::uint16_t add_to_crc(std::uint16_t crc, char c) {
  std::uint32_t x = (crc >> 8 ^ static_cast<unsigned char>(c)) & 0xffu;
  x ^= x >> 4;
  return static_cast<std::uint16_t>(std::uint32_t{crc} << 8 ^ x << 12 ^ x << 5 ^ x);
}

}  // namespace

void SlotOfPieces::add(std::string_view piece) {
  for (const char c : piece) {
    all_ = add_to_crc(all_, c);
    switch (state_) {
      case State::before_tag:
        if (c == '{') state_ = State::in_tag;
        break;
      case State::in_tag:
        if (c == '}') {
          has_tag_ = !tag_is_empty_;
          state_ = State::decided;
        } else {
          tag_ = add_to_crc(tag_, c);
          tag_is_empty_ = false;
        }
        break;
      case State::decided: break;
    }
  }
}

std::size_t RequestSplitter::take(std::string_view piece) {
  const std::size_t size = piece.size();
  while (!piece.empty() && state_ != State::broken) {
    if (state_ == State::at_size && keys_.empty()) break;
    std::size_t taken = 1;
    if (state_ == State::in_word) {
      taken = take_word(piece);
    } else {
      take_letter(piece.front());
    }
    at_ += static_cast<std::uint32_t>(taken);
    piece.remove_prefix(taken);
  }
  return size - piece.size();
}

// Of a key that comes in one piece, as most do, the slot is computed the fast way.
std::size_t RequestSplitter::take_word(std::string_view piece) {
  const std::string_view part = piece.substr(0, left_);
  if (is_key()) {
    if (part.size() == number_) {
      slot_ = slot_of_key(part);
    } else {
      pieces_.add(part);
      slot_ = pieces_.slot();
    }
  }
  left_ -= part.size();
  if (left_ == 0) state_ = State::behind_word;
  return part.size();
}

void RequestSplitter::take_letter(char c) {
  switch (state_) {
    case State::in_count:
    case State::in_size:
      if (c >= '0' && c <= '9') {
        number_ = number_ * 10 + static_cast<std::size_t>(c - '0');
      } else if (c == '\n' && state_ == State::in_size) {
        begin_word();
      } else if (c == '\n') {
        words_ = number_;
        state_ = words_ == 0 ? State::broken : State::at_size;
      }
      return;
    case State::at_size:
      if (word_ == 0 || is_key()) begin_ = at_;
      number_ = 0;
      state_ = c == '$' ? State::in_size : State::broken;
      return;
    case State::behind_word:
      if (c == '\n') end_word();
      return;
    case State::in_word:
    case State::done:
    case State::broken: state_ = State::broken; return;
  }
}

void RequestSplitter::begin_word() {
  left_ = number_;
  state_ = left_ == 0 ? State::behind_word : State::in_word;
  pieces_ = {};
  if (is_key() && left_ == 0) slot_ = slot_of_key({});
}

void RequestSplitter::end_word() {
  const std::uint32_t size = at_ + 1 - begin_;
  if (word_ == 0) {
    name_at_ = begin_;
    name_size_ = size;
  } else if (is_last_of_key() && found_ < keys_.size()) {
    SplitKey& key = keys_[found_];
    key.index = static_cast<std::uint32_t>(found_++);
    key.size = size;
    key.request = {.at = begin_, .slot = slot_};
  }
  state_ = ++word_ == words_ ? State::done : State::at_size;
}

void sort_keys(std::span<SplitKey> keys, KeyOrder order) {
  const auto rank = [order](const SplitKey& key) {
    const std::uint64_t slot = order == KeyOrder::by_slot ? key.request.slot : 0;
    return slot << 32 | key.index;
  };
  std::sort(keys.begin(), keys.end(),
            [rank](const SplitKey& a, const SplitKey& b) { return rank(a) < rank(b); });
}

std::size_t size_of_part(std::span<const SplitKey> sorted) {
  std::size_t size = 0;
  while (size < sorted.size() && sorted[size].request.slot == sorted[0].request.slot) ++size;
  return size;
}

std::size_t count_slots(std::span<const SplitKey> sorted) {
  std::size_t count = 0;
  while (!sorted.empty()) {
    sorted = sorted.subspan(size_of_part(sorted));
    ++count;
  }
  return count;
}

}  // namespace plimsoll::inline v0
