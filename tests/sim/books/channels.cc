#include "plimsoll/tests/sim/books/channels.h"

namespace plimsoll::sim {

void Channels::note_published(std::uint32_t server, std::string_view channel,
                              RequestNumber number) {
  const Channel key{server, std::string(channel)};
  const std::uint64_t place = ++counts_[key];
  require(places_.emplace(number, std::pair(key, place)).second, "a message is published once",
          number);
}

std::uint64_t Channels::published(std::uint32_t server, std::string_view channel) const {
  const auto found = counts_.find(Channel{server, std::string(channel)});
  return found == counts_.end() ? 0 : found->second;
}

std::uint64_t Channels::place_of(std::uint32_t server, std::string_view channel,
                                 RequestNumber number) const {
  const auto found = places_.find(number);
  if (found == places_.end() || found->second.first != Channel{server, std::string(channel)}) {
    return 0;
  }
  return found->second.second;
}

}  // namespace plimsoll::sim
