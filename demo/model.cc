#include "plimsoll/demo/model.h"

#include <algorithm>

namespace plimsoll::demo {

Model::Model(std::vector<Package> packages) : packages_(std::move(packages)) {
  index_.reserve(packages_.size());
  for (std::uint32_t index = 0; index < packages_.size(); ++index) {
    const auto& package = packages_[index];
    index_.emplace(package.name, index);
    for (const auto& name : package.provides) provided_[name].push_back(package.name);
  }
  for (auto& [name, providers] : provided_) {
    std::ranges::sort(providers);
    const auto repeats = std::ranges::unique(providers);
    providers.erase(repeats.begin(), repeats.end());
  }
}

std::optional<std::uint32_t> Model::index_of(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

const Package* Model::find(std::string_view name) const {
  const auto index = index_of(name);
  return index ? &packages_[*index] : nullptr;
}

const std::vector<std::string>& Model::providers(std::string_view name) const {
  static const std::vector<std::string> none;
  const auto found = provided_.find(name);
  return found == provided_.end() ? none : found->second;
}

}  // namespace plimsoll::demo
