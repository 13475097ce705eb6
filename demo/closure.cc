#include "plimsoll/demo/closure.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>

#include "plimsoll/demo/relation.h"

namespace plimsoll::demo {
namespace {

std::optional<std::uint32_t> resolve(const Model& model, std::string_view relation) {
  for (const auto name : alternatives(relation)) {
    if (const auto index = model.index_of(name)) return index;
    const auto& providers = model.providers(name);
    if (!providers.empty()) return model.index_of(providers.front());
  }
  return std::nullopt;
}

std::uint64_t installed_kib(const Package& package) {
  std::uint64_t size = 0;
  const auto field = std::ranges::find(package.fields, "Installed-Size",
                                       [](const auto& pair) { return pair.first; });
  if (field != package.fields.end()) {
    std::from_chars(field->second.data(), field->second.data() + field->second.size(), size);
  }
  return size;
}

}  // namespace

Closures::Closures(const Model& model)
    : nodes_(model.packages().size()), reached_in_(model.packages().size(), 0) {
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    const auto& package = model.packages()[index];
    auto& node = nodes_[index];
    node.installed_kib = installed_kib(package);
    for (const auto& relation : package.depends) {
      if (const auto needed = resolve(model, relation)) {
        node.needs.push_back(*needed);
      } else {
        ++node.missing_count;
      }
    }
  }
}

Closure Closures::of(std::uint32_t package) {
  ++round_;
  Closure closure;
  const auto reach = [&](std::uint32_t member) {
    if (std::exchange(reached_in_[member], round_) != round_) closure.members.push_back(member);
  };
  reach(package);
  for (std::size_t next = 0; next < closure.members.size(); ++next) {
    const auto member = closure.members[next];
    const auto& node = nodes_[member];
    closure.missing_count += node.missing_count;
    closure.installed_kib += node.installed_kib;
    for (const auto needed : node.needs) {
      closure.cyclic |= needed == package && member != package;
      reach(needed);
    }
  }
  std::ranges::sort(closure.members);
  return closure;
}

Plan plan_walks(const Model& model, Closures& closures, std::size_t visits_max) {
  Plan plan;
  std::vector<std::uint32_t> others;
  for (std::uint32_t index = 0; index < model.packages().size(); ++index) {
    if (!model.packages()[index].installed) {
      others.push_back(index);
      continue;
    }
    plan.packages.push_back(index);
    plan.visits_count += closures.of(index).members.size();
  }
  plan.installed_count = plan.packages.size();

  // Names have neighbours of their own kind, so that the first few of them in order would be no
  // fair sample.
  std::ranges::shuffle(others, std::mt19937(1));
  for (const auto index : others) {
    const auto count = closures.of(index).members.size();
    if (plan.visits_count + count > visits_max) break;
    plan.packages.push_back(index);
    plan.visits_count += count;
  }
  return plan;
}

}  // namespace plimsoll::demo
