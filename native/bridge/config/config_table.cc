#include "plimsoll/native/bridge/config/config_table.h"

#include <utility>

#include "plimsoll/native/config/text/nearest.h"
#include "plimsoll/native/config/text/plain_name.h"
#include "plimsoll/native/config/text/toml_text.h"

namespace plimsoll::bridge {

namespace config = native::config;
using config::is_plain_name;
using config::type_name;

namespace {

const toml::table no_table;

}  // namespace

ConfigTable::ConfigTable(const toml::table& table, std::string path, ConfigSource& source)
    : table_(&table), path_(std::move(path)), source_(&source) {}

const toml::node* ConfigTable::find(std::string_view key) {
  known_.emplace(key);
  return table_->get(key);
}

std::string ConfigTable::where(std::string_view key) const {
  const toml::node* const node = table_->get(key);
  const auto line = (node != nullptr ? node->source() : table_->source()).begin.line;
  std::string place = source_->file + ":";
  if (line > 0) place += std::to_string(line) + ":";
  return place + " " + path_ + std::string(key);
}

void ConfigTable::add_problem(std::string_view key, std::string_view what) {
  source_->problems.add(where(key), what);
}

void ConfigTable::refuse_type(std::string_view key, const toml::node& found,
                              std::string_view expected) {
  add_problem(key, "is " + std::string(type_name(found)) + "; expected " + std::string(expected));
}

std::optional<std::string> ConfigTable::text(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  if (node->is_string()) return node->value_exact<std::string>();
  refuse_type(key, *node, "a text, in quotes");
  return std::nullopt;
}

std::optional<std::int64_t> ConfigTable::integer(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  if (node->is_integer()) return node->value_exact<std::int64_t>();
  refuse_type(key, *node, "an integer");
  return std::nullopt;
}

bool ConfigTable::flag(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return false;
  if (!node->is_boolean()) refuse_type(key, *node, "true or false");
  return node->value_exact<bool>().value_or(false);
}

std::optional<std::string> ConfigTable::amount(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto number = node->value_exact<std::int64_t>()) return std::to_string(*number);
  if (node->is_string()) return node->value_exact<std::string>();
  refuse_type(key, *node, "a text such as \"64 MiB\", or an integer");
  return std::nullopt;
}

std::vector<std::string> ConfigTable::texts(std::string_view key) {
  std::vector<std::string> all;
  const toml::node* const node = find(key);
  if (node == nullptr) return all;
  if (!node->is_array()) refuse_type(key, *node, "a list of texts, in [ ]");
  if (!node->is_array()) return all;
  for (const toml::node& one : *node->as_array()) {
    if (auto value = one.value_exact<std::string>()) {
      all.push_back(std::move(*value));
    } else {
      add_problem(key, "has " + std::string(type_name(one)) + " in it; expected texts, in quotes");
    }
  }
  return all;
}

std::vector<std::int64_t> ConfigTable::integers(std::string_view key) {
  std::vector<std::int64_t> all;
  const toml::node* const node = find(key);
  if (node == nullptr) return all;
  if (!node->is_array()) refuse_type(key, *node, "a list of integers, in [ ]");
  if (!node->is_array()) return all;
  for (const toml::node& one : *node->as_array()) {
    if (const auto value = one.value_exact<std::int64_t>()) {
      all.push_back(*value);
    } else {
      add_problem(key, "has " + std::string(type_name(one)) + " in it; expected integers");
    }
  }
  return all;
}

ConfigTable ConfigTable::table(std::string_view key) {
  const std::string path = path_ + std::string(key) + ".";
  const toml::node* const node = find(key);
  if (node != nullptr && node->is_table()) return {*node->as_table(), path, *source_};
  if (node != nullptr) {
    refuse_type(key, *node, "a table, which begins with [" + path_ + std::string(key) + "]");
  }
  return {no_table, path, *source_};
}

std::vector<ConfigTable::Named> ConfigTable::tables(std::string_view key) {
  std::vector<Named> all;
  ConfigTable outer = table(key);
  for (const auto& [name, node] : *outer.table_) {
    if (!is_plain_name(name.str())) {
      add_problem(key, "has a name with other characters than letters, digits, - _ and .");
    } else if (!node.is_table()) {
      outer.refuse_type(name.str(), node, "a table, which begins with [" + outer.path_ + "NAME]");
    } else {
      all.push_back({std::string(name.str()), outer.table(name.str())});
    }
  }
  return all;
}

std::vector<ConfigTable> ConfigTable::list(std::string_view key) {
  std::vector<ConfigTable> all;
  const toml::node* const node = find(key);
  if (node == nullptr) return all;
  const toml::array* const array = node->as_array();
  if (array == nullptr || !array->is_homogeneous<toml::table>()) {
    refuse_type(key, *node, "tables, each of which begins with [[" + std::string(key) + "]]");
    return all;
  }
  for (const toml::node& one : *array) {
    all.emplace_back(*one.as_table(), path_ + std::string(key) + ".", *source_);
  }
  return all;
}

void ConfigTable::refuse_unknown() {
  std::string expected;
  for (const std::string& key : known_) expected += (expected.empty() ? "" : ", ") + key;
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  for (const auto& [key, node] : *table_) {
    if (known_.contains(key.str())) continue;
    const bool plain = is_plain_name(key.str());
    std::string place = source_->file + ":" + std::to_string(key.source().begin.line) + ": ";
    place += plain ? path_ + std::string(key.str()) : path_ + "(not a plain name)";
    const std::string near = config::suggestion(config::nearest(key.str(), known));
    source_->problems.add(place, "unknown key; expected one of " + expected + near);
  }
}

}  // namespace plimsoll::bridge
