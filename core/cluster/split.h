#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/cluster/slot.h"

// Which keys of one request go into which part of it, if they are in several slots of a cluster.
// Servers refuse a command with keys of several slots, even if they own all of them, so a request
// becomes one part for each slot.

namespace plimsoll::inline v0 {

/// A key of such a request, with the words that belong to it. Once its part is answered, the same
/// place says where its value is (core/cluster/gather.h).
struct SplitKey {
  struct InRequest {
    std::uint32_t at;  ///< of the encoded words in the request
    Slot slot;
  };

  std::uint32_t index = 0;  ///< among the request's keys
  std::uint32_t size = 0;   ///< of the encoded words, or of the value
  union {
    InRequest request{};
    const char* value;
  };
};
static_assert(sizeof(SplitKey) == 16);

/// The slot of a key that comes in pieces. slot_of_key() is faster.
class SlotOfPieces {
 public:
  void add(std::string_view piece);
  Slot slot() const { return (has_tag_ ? tag_ : all_) % slots_count; }

 private:
  enum class State : std::uint8_t { before_tag, in_tag, decided };

  std::uint16_t all_ = 0;
  std::uint16_t tag_ = 0;
  bool has_tag_ = false;
  bool tag_is_empty_ = true;
  State state_ = State::before_tag;
};

/// Reads an encoded request from pieces of any size, and finds its keys: all words behind its name,
/// or every other one, which has a value behind it.
class RequestSplitter {
 public:
  enum class Words : std::uint8_t { keys, pairs };

  explicit RequestSplitter(Words words) : words_per_key_(words == Words::pairs ? 2 : 1) {}

  /// Once the request's count of words has been read, how many keys it has. Nothing behind the
  /// count is taken until set_room().
  bool knows_count() const { return state_ > State::in_count; }
  std::size_t keys_count() const { return words_ == 0 ? 0 : (words_ - 1) / words_per_key_; }
  /// `keys` must have keys_count() places.
  void set_room(std::span<SplitKey> keys) { keys_ = keys; }

  /// Returns how many bytes it has taken: all, unless it waits for set_room().
  std::size_t take(std::string_view piece);

  /// Whether the whole request was read, and all its keys were found.
  bool is_done() const { return state_ == State::done && found_ == keys_.size(); }

  /// Where the encoded name is.
  std::uint32_t name_at() const { return name_at_; }
  std::uint32_t name_size() const { return name_size_; }

 private:
  enum class State : std::uint8_t {
    in_count,
    at_size,
    in_size,
    in_word,
    behind_word,
    done,
    broken
  };

  void take_letter(char c);
  std::size_t take_word(std::string_view piece);
  void begin_word();
  void end_word();
  bool is_key() const { return word_ > 0 && (word_ - 1) % words_per_key_ == 0; }
  bool is_last_of_key() const { return word_ > 0 && word_ % words_per_key_ == 0; }

  const std::uint32_t words_per_key_;
  std::span<SplitKey> keys_{};
  State state_ = State::in_count;
  std::size_t found_ = 0;
  std::size_t words_ = 0;
  std::size_t word_ = 0;     // the number of the present word
  std::size_t number_ = 0;   // a count or size that is being read
  std::size_t left_ = 0;     // of the present word
  std::uint32_t at_ = 0;     // bytes taken so far
  std::uint32_t begin_ = 0;  // of the present key, or of the name
  std::uint32_t name_at_ = 0;
  std::uint32_t name_size_ = 0;
  Slot slot_ = 0;
  SlotOfPieces pieces_;
};

/// Sorts the keys by their slots, those of one slot in the order of the request; or all of them in
/// that order, whether they have values already or not.
enum class KeyOrder : std::uint8_t { by_slot, of_request };
void sort_keys(std::span<SplitKey> keys, KeyOrder order);

/// How many keys in front have the same slot as the first one.
std::size_t size_of_part(std::span<const SplitKey> sorted);

/// How many slots have keys.
std::size_t count_slots(std::span<const SplitKey> sorted);

}  // namespace plimsoll::inline v0
