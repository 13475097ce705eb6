#include "plimsoll/configuration.h"
#include "plimsoll/native/config/option_rows.h"

namespace plimsoll::inline v0::native {
namespace {

using config::Kind;
using config::OptionRow;

std::string line_of(const Configuration& configuration, const OptionRow& row) {
  const std::string name(config::name_of(row));
  const std::string value = config::shown(configuration, row);
  const std::string who = "  # " + origin(configuration, row.key);
  if (value.empty()) return "# " + name + " is not set: " + std::string(row.when_unset) + who;
  const bool hides_some = row.access.kind == Kind::address && value.find("(set)@") != value.npos;
  const bool is_hidden = row.secret || hides_some;
  return (is_hidden ? "# " : "") + name + " = " + value + who;
}

}  // namespace

std::string origin(const Configuration& configuration, std::string_view key) {
  const OptionRow* const row = config::find_row(key);
  if (row == nullptr) return {};
  const auto said = configuration.origins.find(key);
  if (said != configuration.origins.end()) return said->second;
  return config::is_changed(configuration, *row) ? "program" : "default";
}

std::string to_text(const Configuration& configuration) {
  std::string text;
  std::string_view section;
  for (const OptionRow& row : config::option_rows()) {
    if (config::section_of(row) != section) {
      section = config::section_of(row);
      text += "\n[" + std::string(section) + "]\n";
    }
    text += line_of(configuration, row) + "\n";
  }
  return text;
}

}  // namespace plimsoll::inline v0::native
