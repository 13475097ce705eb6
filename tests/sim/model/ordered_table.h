#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace plimsoll::sim::model {

/// Names with values, in the order in which the names first came.
class OrderedTable {
 public:
  struct Row {
    std::string name;
    std::string value;
  };

  OrderedTable() = default;
  OrderedTable(OrderedTable&&) = default;  // rows stay where they are
  OrderedTable& operator=(OrderedTable&&) = default;

  std::size_t size() const { return rows_.size(); }
  const std::list<Row>& rows() const { return rows_; }

  /// Null if there is none.
  std::string* find(std::string_view name) {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &found->second->value;
  }

  enum class Change { added, replaced };
  Change set(std::string_view name, std::string_view value) {
    if (std::string* old = find(name)) {
      old->assign(value);
      return Change::replaced;
    }
    rows_.push_back({std::string(name), std::string(value)});
    index_.emplace(rows_.back().name, --rows_.end());
    return Change::added;
  }

  /// How many went: one or none.
  std::size_t erase(std::string_view name) {
    const auto found = index_.find(name);
    if (found == index_.end()) return 0;
    const auto row = found->second;
    index_.erase(found);
    rows_.erase(row);
    return 1;
  }

 private:
  std::list<Row> rows_;
  std::unordered_map<std::string_view, std::list<Row>::iterator> index_;  // views into rows_
};

}  // namespace plimsoll::sim::model
