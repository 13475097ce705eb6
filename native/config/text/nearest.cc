#include "plimsoll/native/config/text/nearest.h"

#include <algorithm>
#include <array>
#include <utility>

namespace plimsoll::inline v0::native::config {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the table of distances between beginnings of `a` and of `b`: for the current
  // letter of `a`, for the letter before it, and for the one before that, which swaps need.
  using Row = std::array<std::size_t, nearest_size_max + 1>;
  Row before{};
  Row last{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(last, row);
  }
  return last[b.size()];
}

std::string_view nearest(std::string_view written, std::span<const std::string_view> known) {
  std::string_view best;
  if (written.size() > nearest_size_max) return best;
  std::size_t least = nearest_size_max + 1;
  for (const std::string_view name : known) {
    if (name.size() > nearest_size_max) continue;
    const std::size_t edits = edit_distance(written, name);
    if (edits >= least || edits > std::max<std::size_t>(1, name.size() / 4)) continue;
    least = edits;
    best = name;
  }
  return best;
}

std::string suggestion(std::string_view nearest) {
  return nearest.empty() ? std::string() : "; did you mean " + std::string(nearest) + "?";
}

}  // namespace plimsoll::inline v0::native::config
