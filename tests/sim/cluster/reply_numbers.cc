#include "plimsoll/tests/sim/cluster/reply_numbers.h"

#include <algorithm>
#include <charconv>

#include "plimsoll/tests/sim/client/request.h"

namespace plimsoll::sim {

std::vector<RequestNumber> writes_in(std::string_view wire) {
  std::vector<RequestNumber> writes;
  const auto next_line = [&wire] {
    const std::string_view line = wire.substr(0, wire.find("\r\n"));
    wire.remove_prefix(std::min(wire.size(), line.size() + 2));
    return line;
  };
  while (!wire.empty()) {
    const std::string_view line = next_line();
    if (line.starts_with('_') || line == "$-1") writes.push_back(0);
    if (line.starts_with('$') && line != "$-1") writes.push_back(mark_of(next_line()).number);
  }
  return writes;
}

std::optional<std::size_t> count_in(std::string_view wire) {
  if (!wire.starts_with(':')) return std::nullopt;
  std::size_t count = 0;
  const auto read = std::from_chars(wire.data() + 1, wire.data() + wire.size(), count);
  if (read.ec != std::errc()) return std::nullopt;
  return count;
}

}  // namespace plimsoll::sim
