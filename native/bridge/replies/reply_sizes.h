#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

// Remembers how large the replies to requests were, to tell in advance what a request will make a
// server hold for a client that does not read. It is a table of fixed size, which keeps for each
// request a part of its hash and the size's logarithm; the newest of two requests with one place
// stays. The hash has a random seed, so that nobody can choose requests that share a place.

namespace plimsoll::bridge {

class ReplySizes {
 public:
  /// For how many requests sizes are remembered, at most.
  static constexpr std::size_t remembered_max = 65'536;
  static constexpr std::size_t table_bytes = remembered_max * 4;

  /// Larger requests are not remembered: to hash them would cost more than it tells.
  static constexpr std::size_t request_bytes_max = 1024;

  explicit ReplySizes(std::uint64_t seed)
      : seed_(seed), places_(std::make_unique<std::uint32_t[]>(remembered_max)) {}

  /// Of a request as it is encoded, and of the server that gets it; 0: it is not remembered.
  std::uint32_t fingerprint_of(std::string_view request, std::uint64_t server) const;

  /// The most bytes that a reply like the most recent one to this request has; nothing: unknown.
  std::optional<std::size_t> find(std::uint32_t fingerprint) const;

  void note(std::uint32_t fingerprint, std::size_t bytes);

 private:
  std::uint32_t& place_of(std::uint32_t fingerprint) const {
    return places_[fingerprint % remembered_max];
  }

  const std::uint64_t seed_;
  // Each place has the upper half of a fingerprint, and the size's logarithm + 1; 0: nothing.
  const std::unique_ptr<std::uint32_t[]> places_;
};

}  // namespace plimsoll::bridge
