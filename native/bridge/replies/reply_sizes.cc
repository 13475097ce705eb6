#include "plimsoll/native/bridge/replies/reply_sizes.h"

#include <bit>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace plimsoll::bridge {
namespace {

constexpr unsigned size_bits = 6;

std::uint32_t mark_of(std::uint32_t fingerprint) {
  return static_cast<std::uint32_t>(fingerprint / ReplySizes::remembered_max << size_bits);
}

}  // namespace

std::uint32_t ReplySizes::fingerprint_of(std::string_view request, std::uint64_t server) const {
  if (request.size() > request_bytes_max) return 0;
  const auto hash = XXH3_64bits_withSeed(request.data(), request.size(), seed_ ^ server);
  const auto part = static_cast<std::uint32_t>(hash);
  return part != 0 ? part : 1;
}

std::optional<std::size_t> ReplySizes::find(std::uint32_t fingerprint) const {
  if (fingerprint == 0) return std::nullopt;
  const std::uint32_t place = place_of(fingerprint);
  const std::uint32_t size = place % (1u << size_bits);
  if (size == 0 || place - size != mark_of(fingerprint)) return std::nullopt;
  return (std::size_t{1} << (size - 1)) - 1;
}

void ReplySizes::note(std::uint32_t fingerprint, std::size_t bytes) {
  if (fingerprint == 0) return;
  const auto size = static_cast<std::uint32_t>(std::bit_width(bytes));
  place_of(fingerprint) = mark_of(fingerprint) | (size + 1);
}

}  // namespace plimsoll::bridge
