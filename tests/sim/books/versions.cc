#include "plimsoll/tests/sim/books/versions.h"

namespace plimsoll::sim {

void Versions::note(const Place& place, const std::optional<std::string>& value, Instant now) {
  std::vector<Version>& all = versions_[place];
  if (all.empty()) all.emplace_back();
  if (all.back().value != value) all.push_back({value, now});
}

std::size_t Versions::find(const Place& place, const std::optional<std::string>& value) const {
  const auto found = versions_.find(place);
  if (found == versions_.end()) return value ? none : 0;
  const std::vector<Version>& all = found->second;
  for (std::size_t i = all.size(); i > 0; --i) {
    if (all[i - 1].value == value) return i - 1;
  }
  return none;
}

std::size_t Versions::find_from(const Place& place, const std::optional<std::string>& value,
                                std::size_t floor) const {
  const auto found = versions_.find(place);
  if (found == versions_.end()) return value ? none : 0;
  const std::vector<Version>& all = found->second;
  for (std::size_t i = floor; i < all.size(); ++i) {
    if (all[i].value == value) return i;
  }
  return none;
}

Instant Versions::superseded_at(const Place& place, std::size_t version) const {
  const auto found = versions_.find(place);
  if (found == versions_.end() || version + 1 >= found->second.size()) return never;
  return found->second[version + 1].since;
}

}  // namespace plimsoll::sim
