#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/resp/value.h"

namespace plimsoll::inline v0 {

/// The words of the failure of a request that was sent in parts: those of the part that failed, or
/// of its server, cut off if they are long; where that was; and how much of the request has run.
class PartsFailure {
 public:
  /// Where a part was.
  struct Place {
    std::optional<Slot> slot;           ///< none: it was for a node, whatever its slots
    const NodeAddress* node = nullptr;  ///< null: it was parked
  };
  /// How many of the parts have run, or may have.
  struct Tally {
    std::uint32_t run = 0;
    std::uint32_t maybe_run = 0;
    std::uint32_t all = 0;
  };

  /// `server`: the error reply of the server, if it has given one. `place`: null if the request has
  /// failed as a whole, for example by its deadline.
  PartsFailure(const Error& error, const std::optional<Value>& server, const Place* place);

  /// Whether the words are those of a server, in which case wire() is to be used, otherwise what().
  bool is_of_server() const { return is_of_server_; }
  /// Whether the words begin so.
  bool starts_with(std::string_view text) const;

  /// Leaves out where the part was. To be called in place of add().
  void keep_words_only() { size_ = words_size_; }
  /// Adds the tally to the words, once.
  void add(const Tally& tally);
  /// All words. Valid as long as this.
  const char* what();
  /// An error reply of all words, as RESP3. Valid as long as this.
  std::string_view wire();

 private:
  // Of the words of a server, or of an error; and of what says where a part was. Behind that is
  // room for the rest. In front there is room for the header of an error reply.
  static constexpr std::size_t words_max = 200;
  static constexpr std::size_t where_max = NodeAddress::text_bytes_max + 30;
  static constexpr std::size_t text_max = words_max + where_max + 100;
  static constexpr std::size_t header_bytes = 8;

  char* begin() { return bytes_.data() + header_bytes; }

  bool is_of_server_ = false;
  std::size_t words_size_ = 0;
  std::size_t size_ = 0;  // of the text
  std::array<char, header_bytes + text_max + 2> bytes_;
};

}  // namespace plimsoll::inline v0
