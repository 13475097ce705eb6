#include "plimsoll/demo/walk.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "plimsoll/demo/relation.h"

namespace plimsoll::demo {

Walk::Walk(std::string root) : root_(std::move(root)) { ask(root_); }

std::optional<Walk::Question> Walk::next() {
  if (questions_.empty()) return std::nullopt;
  auto question = std::move(questions_.front());
  questions_.pop_front();
  ++unanswered_count_;
  return question;
}

void Walk::handle_reply(const Question& question, const Reply& reply) {
  --unanswered_count_;
  switch (question.topic) {
    case Topic::version: return handle_version(question.name, reply);
    case Topic::fields: return handle_fields(reply);
    case Topic::depends: return handle_depends(question.name, reply);
    case Topic::providers: return handle_providers(question.name, reply);
  }
}

Walk::Name& Walk::ask(const std::string& name) {
  const auto [entry, is_new] = names_.try_emplace(name);
  if (is_new) questions_.push_back({Topic::version, name});
  return entry->second;
}

void Walk::follow(Need need) {
  for (; need.tried_count < need.names.size(); ++need.tried_count) {
    auto& name = ask(need.names[need.tried_count]);
    switch (name.standing) {
      case Standing::asked: name.waiting.push_back(std::move(need)); return;
      case Standing::present: return reach(need.names[need.tried_count], need);
      case Standing::provided: return reach(name.provider, need);
      case Standing::absent: break;
    }
  }
  ++findings_.missing_count;
}

void Walk::settle(const std::string& name, Standing standing) {
  auto& entry = names_.at(name);
  entry.standing = standing;
  for (auto& need : std::exchange(entry.waiting, {})) follow(std::move(need));
}

void Walk::reach(const std::string& name, const Need& need) {
  findings_.cyclic |= name == root_ && !need.of_root;
}

void Walk::handle_version(const std::string& name, const Reply& reply) {
  const auto* version = std::get_if<std::optional<std::string>>(&reply);
  if (version == nullptr || !version->has_value()) {
    questions_.push_back({Topic::providers, name});
    return;
  }
  findings_.members.push_back(name);
  questions_.push_back({Topic::fields, name});
  questions_.push_back({Topic::depends, name});
  settle(name, Standing::present);
}

void Walk::handle_fields(const Reply& reply) {
  const auto* fields = std::get_if<Fields>(&reply);
  if (fields == nullptr) return;
  const auto field = fields->find("Installed-Size");
  if (field == fields->end()) return;
  const auto& value = field->second;
  std::uint64_t size = 0;
  std::from_chars(value.data(), value.data() + value.size(), size);
  findings_.installed_kib += size;
}

void Walk::handle_depends(const std::string& name, const Reply& reply) {
  const auto* relations = std::get_if<Members>(&reply);
  if (relations == nullptr) return;
  for (const auto& relation : *relations) {
    const auto names = alternatives(relation);
    follow({.of_root = name == root_, .names = {names.begin(), names.end()}});
  }
}

void Walk::handle_providers(const std::string& name, const Reply& reply) {
  const auto* providers = std::get_if<Members>(&reply);
  if (providers == nullptr || providers->empty()) return settle(name, Standing::absent);
  const auto& provider = *std::ranges::min_element(*providers);
  names_.at(name).provider = provider;
  ask(provider);
  settle(name, Standing::provided);
}

}  // namespace plimsoll::demo
