#include "plimsoll/native/config/text/toml_text.h"

namespace plimsoll::inline v0::native::config {
namespace {

// Cuts toml++'s message before the part that it quotes from the file, since that may be a secret
// that lacks its quotes.
std::string plain_words(std::string_view words) {
  if (words.find("redefine") != words.npos) return "a key or a table that is there already";
  const std::size_t quote = words.find_first_of("'\"");
  if (quote != words.npos) words = words.substr(0, words.find_last_of(":;,", quote));
  return "no TOML: " + std::string(words);
}

}  // namespace

std::optional<toml::table> parse_toml(std::string_view text, const std::string& file,
                                      Problems& problems) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    problems.add(file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column),
                 plain_words(error.description()));
    return std::nullopt;
  }
}

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::none: return "nothing";
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::boolean: return "a boolean";
    case toml::node_type::date: return "a date";
    case toml::node_type::time: return "a time";
    case toml::node_type::date_time: return "a date and time";
  }
  return "something else";
}

}  // namespace plimsoll::inline v0::native::config
