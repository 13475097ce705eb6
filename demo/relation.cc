#include "plimsoll/demo/relation.h"

#include <algorithm>
#include <cctype>

#include "plimsoll/demo/bad_input.h"

namespace plimsoll::demo {
namespace {

constexpr std::string_view separator = " | ";

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_name_char(char c) { return is_alnum(c) || c == '-' || c == '+' || c == '.' || c == '_'; }

// Reads one field from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view field) : rest_(field) { skip_blanks(); }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  // Takes `c` and the blanks behind it, if it comes next.
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    skip_blanks();
    return true;
  }

  // One alternative: a name and what restricts it.
  std::string_view take_name() {
    const auto name = take_word();
    if (!is_package_name(name)) fail("a package name");
    if (take(':') && take_word().empty()) fail("an architecture after ':'");
    skip_blanks();
    if (take('(')) take_version();
    while (take('[')) take_until(']');
    while (take('<')) take_until('>');
    return name;
  }

  [[noreturn]] void fail(std::string_view expected) const {
    const auto found = rest_.empty() ? std::string("the end") : in_quotes(rest_);
    throw BadInput("expected " + std::string(expected) + ", found " + found);
  }

 private:
  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }

  std::string_view take_word() {
    const auto end = std::ranges::find_if_not(rest_, is_name_char);
    const std::string_view word(rest_.begin(), end);
    rest_.remove_prefix(word.size());
    return word;
  }

  void take_version() {
    const auto operator_size = std::min(rest_.find_first_not_of("<>="), rest_.size());
    if (operator_size < 1 || operator_size > 2) fail("a comparison such as '>='");
    rest_.remove_prefix(operator_size);
    skip_blanks();
    if (rest_.starts_with(')')) fail("a version");
    take_until(')');
  }

  void take_until(char close) {
    const auto end = rest_.find(close);
    if (end == std::string_view::npos) fail(std::string("'") + close + "'");
    rest_.remove_prefix(end + 1);
    skip_blanks();
  }

  std::string_view rest_;
};

std::string take_relation(Scanner& scanner) {
  std::vector<std::string_view> names;
  do {
    const auto name = scanner.take_name();
    // "nodejs:any | nodejs (<< 12)" is one name twice once its restrictions are dropped.
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  } while (scanner.take('|'));

  std::string relation;
  for (const auto name : names) {
    if (!relation.empty()) relation += separator;
    relation += name;
  }
  return relation;
}

}  // namespace

std::vector<std::string> parse_relations(std::string_view field) {
  std::vector<std::string> relations;
  Scanner scanner(field);
  if (scanner.at_end()) return relations;
  do {
    relations.push_back(take_relation(scanner));
  } while (scanner.take(','));
  if (!scanner.at_end()) scanner.fail("',' or '|'");

  std::ranges::sort(relations);
  const auto repeats = std::ranges::unique(relations);
  relations.erase(repeats.begin(), repeats.end());
  return relations;
}

std::vector<std::string_view> alternatives(std::string_view relation) {
  std::vector<std::string_view> names;
  for (;;) {
    const auto end = relation.find(separator);
    names.push_back(relation.substr(0, end));
    if (end == std::string_view::npos) return names;
    relation.remove_prefix(end + separator.size());
  }
}

bool is_package_name(std::string_view name) {
  return !name.empty() && is_alnum(name.front()) && std::ranges::all_of(name, is_name_char);
}

}  // namespace plimsoll::demo
