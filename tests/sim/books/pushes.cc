#include "plimsoll/tests/sim/books/pushes.h"

#include <algorithm>

#include "plimsoll/tests/sim/client/request.h"

namespace plimsoll::sim {

// "message" or "pmessage", in front of names and a word with a number: no other word is like that.
void Pushes::note_sent(std::uint64_t connection, std::string_view bytes) {
  constexpr std::string_view kind = "message\r\n";
  constexpr std::size_t word_bytes_max = 32;
  std::size_t at = bytes.find(kind);
  while (at != std::string_view::npos) {
    at += kind.size();
    const std::size_t number = bytes.find('#', at);
    if (number == std::string_view::npos) return;
    sent_[connection].push_back(mark_of(bytes.substr(number, word_bytes_max)).number);
    at = bytes.find(kind, number);
  }
}

const std::vector<RequestNumber>* Pushes::find(std::uint64_t connection) const {
  const auto found = sent_.find(connection);
  return found == sent_.end() ? nullptr : &found->second;
}

std::size_t Pushes::count(std::uint64_t connection) const {
  const auto* const sent = find(connection);
  return sent == nullptr ? 0 : sent->size();
}

std::optional<std::size_t> Pushes::place_of(std::uint64_t connection, RequestNumber number) const {
  const auto* const sent = find(connection);
  if (sent == nullptr) return std::nullopt;
  const auto found = std::find(sent->begin(), sent->end(), number);
  if (found == sent->end()) return std::nullopt;
  return static_cast<std::size_t>(found - sent->begin());
}

bool Pushes::is_at(std::uint64_t connection, std::size_t place, RequestNumber number) const {
  const auto* const sent = find(connection);
  return sent != nullptr && place < sent->size() && (*sent)[place] == number;
}

}  // namespace plimsoll::sim
