#include "plimsoll/core/cluster/redirection.h"

#include <cstddef>

namespace plimsoll::inline v0 {
namespace {

// Cuts `word` off the front. Returns false if the text does not begin with it.
bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

// Nothing unless the whole text is a number up to `limit`, which is at most 65535.
std::optional<std::uint16_t> read_small_number(std::string_view text, std::uint32_t limit) {
  constexpr std::size_t digits_max = 5;
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  std::uint32_t number = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (number > limit) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

}  // namespace

std::optional<Redirection> read_redirection(std::string_view text) {
  Redirection read{};
  if (take_word(text, "MOVED ")) {
    read.kind = Redirection::Kind::moved;
  } else if (take_word(text, "ASK ")) {
    read.kind = Redirection::Kind::ask;
  } else {
    return std::nullopt;
  }
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view address = text.substr(space + 1);
  // An IPv6 address has colons, too, and no brackets.
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto slot = read_small_number(text.substr(0, space), slots_count - 1);
  const auto port = read_small_number(address.substr(colon + 1), UINT16_MAX);
  read.host = address.substr(0, colon);
  if (!slot || !port || *port == 0) return std::nullopt;
  if (read.host.find(' ') != std::string_view::npos) return std::nullopt;
  read.slot = *slot;
  read.port = *port;
  return read;
}

}  // namespace plimsoll::inline v0
