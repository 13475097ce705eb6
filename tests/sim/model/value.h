#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plimsoll/tests/sim/model/ordered_table.h"

namespace plimsoll::sim::model {

using Text = std::string;
using Hash = OrderedTable;
using List = std::deque<std::string>;

/// Members in the order in which a real server tells them while the set is small: by number as long
/// as all are integers, and then in the order of their coming, behind the integers that were there.
class Set {
 public:
  std::size_t size() const { return integers_.size() + texts_.size(); }

  /// How many came, or went: one or none.
  std::size_t add(std::string_view member);
  std::size_t erase(std::string_view member);
  bool contains(std::string_view member);
  std::vector<std::string> members() const;

 private:
  enum class Kind { integers, texts };
  void become_texts();

  Kind kind_ = Kind::integers;
  std::set<std::int64_t> integers_;
  OrderedTable texts_;
};

using Value = std::variant<Text, Hash, Set, List>;

/// As TYPE says it.
std::string_view type_name(const Value& value);

}  // namespace plimsoll::sim::model
