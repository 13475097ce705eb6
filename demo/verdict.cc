#include "plimsoll/demo/verdict.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace plimsoll::demo {
namespace {

// Neither hashes nor sets come in an order that means anything, so that both sides are sorted
// before they are compared.
bool holds_members(const Reply& reply, const std::vector<std::string>& expected) {
  const auto* members = std::get_if<Members>(&reply);
  if (members == nullptr || members->size() != expected.size()) return false;
  std::vector<std::string_view> sorted(members->begin(), members->end());
  std::ranges::sort(sorted);
  return std::ranges::equal(sorted, expected);
}

bool holds_fields(const Reply& reply, const Package& package) {
  const auto* fields = std::get_if<Fields>(&reply);
  if (fields == nullptr || fields->size() != package.fields.size()) return false;
  return std::ranges::all_of(package.fields, [&](const auto& expected) {
    const auto field = fields->find(std::string(expected.first));
    return field != fields->end() && field->second == expected.second;
  });
}

bool holds_version(const Reply& reply, const Package* package) {
  const auto* version = std::get_if<std::optional<std::string>>(&reply);
  if (version == nullptr || version->has_value() != (package != nullptr)) return false;
  return package == nullptr || **version == package->version;
}

bool holds_count(const Reply& reply, std::size_t expected) {
  const auto* count = std::get_if<std::int64_t>(&reply);
  return count != nullptr && std::cmp_equal(*count, expected);
}

bool is_right_read(const Model& model, const Request& request, const Reply& reply) {
  const auto* package = model.find(request.name);
  switch (request.topic) {
    case Topic::version: return holds_version(reply, package);
    case Topic::fields: return package != nullptr && holds_fields(reply, *package);
    case Topic::depends: return package != nullptr && holds_members(reply, package->depends);
    case Topic::providers: return holds_members(reply, model.providers(request.name));
  }
  return false;
}

// All keys are new when they are written, so that every field and every member is one more.
bool is_right_write(const Model& model, const Request& request, const Reply& reply) {
  const auto* package = model.find(request.name);
  switch (request.topic) {
    case Topic::version: return std::holds_alternative<std::monostate>(reply);
    case Topic::fields: return package != nullptr && holds_count(reply, package->fields.size());
    case Topic::depends: return package != nullptr && holds_count(reply, package->depends.size());
    case Topic::providers: return holds_count(reply, model.providers(request.name).size());
  }
  return false;
}

std::string described(const Reply& reply) {
  struct Describe {
    std::string operator()(std::monostate) const { return "OK"; }
    std::string operator()(std::int64_t count) const { return std::to_string(count); }
    std::string operator()(const std::optional<std::string>& text) const {
      return text ? "'" + *text + "'" : "nil";
    }
    std::string operator()(const Fields& fields) const {
      return std::to_string(fields.size()) + " fields";
    }
    std::string operator()(const Members& members) const {
      return std::to_string(members.size()) + " members";
    }
  };
  return std::visit(Describe{}, reply);
}

}  // namespace

bool is_right(const Model& model, const Request& request, const Reply& reply) {
  switch (request.verb) {
    case Verb::write: return is_right_write(model, request, reply);
    case Verb::read: return is_right_read(model, request, reply);
    case Verb::remove:
      // After a load that was cut short, some keys are not there.
      return holds_count(reply, 1) || holds_count(reply, 0);
  }
  return false;
}

void Verdict::check(const Request& request, const Reply& reply) {
  ++replies_count_;
  if (is_right(model_, request, reply)) return;
  complain(std::string(command_of(request)) + " " + key_of("", request) + " gave " +
           described(reply) + ", not what the files say");
}

void Verdict::check(const Package& root, const Walk::Findings& found, const Closure& expected) {
  ++closures_count_;
  std::vector<std::uint32_t> members;
  for (const auto& name : found.members) {
    if (const auto index = model_.index_of(name)) members.push_back(*index);
  }
  std::ranges::sort(members);
  const bool same = found.members.size() == expected.members.size() &&
                    members == expected.members && found.cyclic == expected.cyclic &&
                    found.missing_count == expected.missing_count &&
                    found.installed_kib == expected.installed_kib;
  if (same) return;
  complain("the walk from " + root.name + " found " + std::to_string(found.members.size()) +
           " packages, the files give " + std::to_string(expected.members.size()));
}

void Verdict::complain(std::string complaint) {
  ++wrong_count_;
  if (complaints_.size() < complaints_max) complaints_.push_back(std::move(complaint));
}

}  // namespace plimsoll::demo
