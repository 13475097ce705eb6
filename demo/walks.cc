#include "plimsoll/demo/walks.h"

#include <utility>

namespace plimsoll::demo {

Walks::Walks(const Model& model, Closures& closures, Verdict& verdict,
             std::span<const std::uint32_t> roots)
    : model_(model), closures_(closures), verdict_(verdict), roots_(roots) {
  summary_.visits.resize(model.packages().size());
}

std::optional<Request> Walks::next() {
  if (requests_.empty() && !roots_.empty()) {
    const auto root = roots_.front();
    roots_ = roots_.subspan(1);
    const auto [walk, is_new] = walks_.try_emplace(root, model_.packages()[root].name);
    if (is_new) take_questions(root, walk->second);
  }
  if (requests_.empty()) return std::nullopt;
  auto request = std::move(requests_.front());
  requests_.pop_front();
  return request;
}

void Walks::handle_reply(const Request& request, const Reply& reply) {
  const auto found = walks_.find(request.walk);
  auto& walk = found->second;
  walk.handle_reply({request.topic, request.name}, reply);
  take_questions(request.walk, walk);
  if (!walk.done()) return;
  finish(request.walk, walk.findings());
  walks_.erase(found);
}

void Walks::take_questions(std::uint32_t root, Walk& walk) {
  while (auto question = walk.next()) {
    requests_.push_back({.verb = Verb::read,
                         .topic = question->topic,
                         .name = std::move(question->name),
                         .walk = root});
  }
}

void Walks::finish(std::uint32_t root, const Walk::Findings& findings) {
  const auto expected = closures_.of(root);
  verdict_.check(model_.packages()[root], findings, expected);

  ++summary_.walks_count;
  summary_.visits_count += findings.members.size();
  summary_.missing_count += findings.missing_count;
  summary_.cyclic_count += findings.cyclic ? 1 : 0;
  for (const auto& name : findings.members) {
    if (const auto index = model_.index_of(name)) ++summary_.visits[*index];
  }
  if (findings.members.size() > summary_.largest_members) {
    summary_.largest = root;
    summary_.largest_members = findings.members.size();
    summary_.largest_installed_kib = findings.installed_kib;
  }
}

}  // namespace plimsoll::demo
