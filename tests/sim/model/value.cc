#include "plimsoll/tests/sim/model/value.h"

#include <array>
#include <optional>

#include "plimsoll/tests/sim/model/numbers.h"

namespace plimsoll::sim::model {
namespace {

constexpr std::size_t integers_max = 512;  // set-max-intset-entries

}  // namespace

std::size_t Set::add(std::string_view member) {
  if (kind_ == Kind::integers) {
    if (const std::optional<std::int64_t> number = parse_integer(member)) {
      const std::size_t added = integers_.insert(*number).second ? 1 : 0;
      if (integers_.size() > integers_max) become_texts();
      return added;
    }
    become_texts();
  }
  return texts_.set(member, {}) == OrderedTable::Change::added ? 1 : 0;
}

std::size_t Set::erase(std::string_view member) {
  if (kind_ == Kind::texts) return texts_.erase(member);
  const std::optional<std::int64_t> number = parse_integer(member);
  return number ? integers_.erase(*number) : 0;
}

bool Set::contains(std::string_view member) {
  if (kind_ == Kind::texts) return texts_.find(member) != nullptr;
  const std::optional<std::int64_t> number = parse_integer(member);
  return number && integers_.contains(*number);
}

std::vector<std::string> Set::members() const {
  std::vector<std::string> all;
  all.reserve(size());
  for (const std::int64_t number : integers_) all.push_back(to_text(number));
  for (const OrderedTable::Row& row : texts_.rows()) all.push_back(row.name);
  return all;
}

void Set::become_texts() {
  kind_ = Kind::texts;
  for (const std::int64_t number : integers_) texts_.set(to_text(number), {});
  integers_.clear();
}

std::string_view type_name(const Value& value) {
  constexpr std::array<std::string_view, 4> names = {"string", "hash", "set", "list"};
  return names[value.index()];
}

}  // namespace plimsoll::sim::model
