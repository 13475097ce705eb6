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
  const toml::node* const node = table_->get(key);
  if (node != nullptr) {
    source_->places.note(path_ + std::string(key), node->source().begin.line);
  }
  return node;
}

Place ConfigTable::where(std::string_view key) const {
  const toml::node* const node = table_->get(key);
  const auto line = (node != nullptr ? node->source() : table_->source()).begin.line;
  return {.file = source_->file, .line = line, .key = path_ + std::string(key)};
}

Place ConfigTable::where(std::string_view key, const ConfigEntry& entry) const {
  return {.file = source_->file, .line = entry.line, .key = path_ + std::string(key)};
}

void ConfigTable::add_problem(std::string_view key, std::string_view what) {
  source_->problems.add(where(key), what);
}

void ConfigTable::add_problem(std::string_view key, const ConfigEntry& entry,
                              std::string_view what) {
  source_->problems.add(where(key, entry),
                        "entry " + std::to_string(entry.number) + " " + std::string(what));
}

void ConfigTable::refuse_type(std::string_view key, const toml::node& found,
                              std::string_view expected) {
  add_problem(key, "is " + std::string(type_name(found)) + "; expected " + std::string(expected));
}

std::optional<std::string> ConfigTable::text(std::string_view key, std::string_view expected) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  if (node->is_string()) return node->value_exact<std::string>();
  refuse_type(key, *node, expected);
  return std::nullopt;
}

std::optional<std::int64_t> ConfigTable::integer(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  if (node->is_integer()) return node->value_exact<std::int64_t>();
  refuse_type(key, *node, "an integer");
  return std::nullopt;
}

std::optional<bool> ConfigTable::boolean(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_boolean()) refuse_type(key, *node, "true or false");
  return node->value_exact<bool>();
}

bool ConfigTable::has_table(std::string_view key) const {
  const toml::node* const node = table_->get(key);
  return node != nullptr && node->is_table();
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
  for (ConfigEntry& entry : entries(key)) all.push_back(std::move(entry.text));
  return all;
}

std::vector<ConfigEntry> ConfigTable::entries(std::string_view key) {
  std::vector<ConfigEntry> all;
  const toml::node* const node = find(key);
  if (node == nullptr) return all;
  if (!node->is_array()) refuse_type(key, *node, "a list of texts, in [ ]");
  if (!node->is_array()) return all;
  std::size_t number = 0;
  for (const toml::node& one : *node->as_array()) {
    ConfigEntry entry{.number = ++number, .line = one.source().begin.line};
    if (auto value = one.value_exact<std::string>()) {
      entry.text = std::move(*value);
      all.push_back(std::move(entry));
    } else {
      add_problem(key, entry, "is " + std::string(type_name(one)) + "; expected a text, in quotes");
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
  std::size_t number = 0;
  for (const toml::node& one : *node->as_array()) {
    const ConfigEntry entry{.number = ++number, .line = one.source().begin.line};
    if (const auto value = one.value_exact<std::int64_t>()) {
      all.push_back(*value);
    } else {
      add_problem(key, entry, "is " + std::string(type_name(one)) + "; expected an integer");
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
    const Place place{.file = source_->file,
                      .line = key.source().begin.line,
                      .key = path_ + (plain ? std::string(key.str()) : "(not a plain name)")};
    const std::string_view near = config::nearest(key.str(), known);
    if (!near.empty()) source_->misspelled.insert(path_ + std::string(near));
    std::string hint = config::suggestion(near);
    if (near.empty() && source_->is_top_key(key.str())) {
      hint = "; it belongs above the first [table] of the file";
    }
    source_->problems.add(place, "unknown key; expected one of " + expected + hint);
  }
}

}  // namespace plimsoll::bridge
