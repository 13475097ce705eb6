#include "plimsoll/native/config/read_toml.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "plimsoll/native/config/field_text.h"
#include "plimsoll/native/config/option_rows.h"
#include "plimsoll/native/config/text/bounded_file.h"
#include "plimsoll/native/config/text/nearest.h"
#include "plimsoll/native/config/text/plain_name.h"
#include "plimsoll/native/config/text/toml_text.h"

namespace plimsoll::inline v0::native::config {
namespace {

bool is_section(std::string_view path) {
  const auto rows = option_rows();
  return std::any_of(rows.begin(), rows.end(), [&](const OptionRow& row) {
    return row.key.size() > path.size() && row.key.starts_with(path) && row.key[path.size()] == '.';
  });
}

std::string_view nearest_key(std::string_view path) {
  std::vector<std::string_view> keys;
  for (const OptionRow& row : option_rows()) keys.push_back(row.key);
  return nearest(path, keys);
}

std::optional<std::string> text_of(const toml::node& node) {
  return node.value_exact<std::string>();
}

std::optional<std::string> integer_of(const toml::node& node) {
  const auto number = node.value_exact<std::int64_t>();
  return number ? std::optional(std::to_string(*number)) : std::nullopt;
}

std::optional<std::string> number_of(const toml::node& node) {
  const auto number = node.value_exact<double>();
  return number ? std::optional(show(Kind::ratio, *number).front()) : integer_of(node);
}

// Returns the texts of a list, or nothing if `node` is not a list or contains anything else.
std::optional<Words> list_of(const toml::node& node) {
  if (!node.is_array()) return std::nullopt;
  Words words;
  for (const toml::node& one : *node.as_array()) {
    auto word = text_of(one);
    if (!word) return std::nullopt;
    words.push_back(std::move(*word));
  }
  return words;
}

// Returns the value as words, or nothing if its type does not match the row's kind.
std::optional<Words> words_of(Kind kind, const toml::node& node) {
  std::optional<std::string> word;
  switch (kind) {
    case Kind::texts: return list_of(node);
    case Kind::flag:
      if (const auto flag = node.value_exact<bool>()) word = *flag ? "true" : "false";
      break;
    case Kind::count: word = integer_of(node); break;
    case Kind::ratio: word = number_of(node); break;
    case Kind::attempts:
    case Kind::amount:
    case Kind::limit: word = node.is_integer() ? integer_of(node) : text_of(node); break;
    case Kind::time:
    case Kind::choice:
    case Kind::text:
    case Kind::path:
    case Kind::address:
    case Kind::listen: word = text_of(node); break;
  }
  return word ? std::optional(Words{std::move(*word)}) : std::nullopt;
}

class Walk {
 public:
  Walk(const std::string& file, Draft& draft)
      : file_(file), folder_(folder_of(file)), draft_(draft) {}

  // `prefix` ends with a dot, or is empty. The recursion is bounded, because toml++ bounds the
  // depth of tables.
  void table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      if (draft_.has_many_problems()) return;
      const auto line = key.source().begin.line;
      const std::string place = file_ + ":" + std::to_string(line);
      if (!is_plain_name(key.str())) {
        draft_.add_problem(place + ": " + prefix + "(no plain name)", "unknown key");
      } else {
        entry(node, prefix + std::string(key.str()), place);
      }
    }
  }

 private:
  void entry(const toml::node& node, const std::string& path, const std::string& place) {
    if (const OptionRow* const row = find_row(path)) {
      option(*row, node, place);
    } else if (const toml::table* const inner = node.as_table();
               inner != nullptr && (is_section(path) || !inner->empty())) {
      table(*inner, path + ".");
    } else if (is_section(path)) {
      draft_.add_problem(place + ": " + path, "is " + std::string(type_name(node)) +
                                                  "; expected a table, which begins with [" + path +
                                                  "]");
    } else {
      draft_.add_problem(place + ": " + path, "unknown key" + suggestion(nearest_key(path)));
    }
  }

  void option(const OptionRow& row, const toml::node& node, const std::string& place) {
    const std::string where = place + ": " + std::string(row.key);
    auto words = words_of(row.access.kind, node);
    if (words) {
      return draft_.set(row, std::move(*words),
                        {.layer = Layer::file, .where = where, .origin = place, .folder = folder_});
    }
    std::string found(type_name(node));
    if (row.access.kind == Kind::texts && node.is_array()) found += " with something else in it";
    draft_.refuse(row, where, "is " + found + "; expected " + row.access.expected());
  }

  const std::string& file_;
  const std::string folder_;
  Draft& draft_;
};

}  // namespace

void read_toml(std::string_view text, const std::string& file, Draft& draft) {
  const auto parsed = parse_toml(text, file, draft.problems());
  if (parsed) Walk(file, draft).table(*parsed, "");
}

}  // namespace plimsoll::inline v0::native::config
