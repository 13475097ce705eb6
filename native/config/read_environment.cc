#include "plimsoll/native/config/read_environment.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "plimsoll/native/config/option_rows.h"
#include "plimsoll/native/config/text/nearest.h"
#include "plimsoll/native/config/text/plain_name.h"

namespace plimsoll::inline v0::native::config {
namespace {

constexpr std::string_view variable_prefix = "PLIMSOLL_";

// Beginnings of names that cause no warning. Some belong to this repository's programs and tests.
// Kubernetes sets the others for services with names like "plimsoll": PLIMSOLL_SERVICE_HOST,
// PLIMSOLL_PORT_8380_TCP.
constexpr std::string_view others[] = {
    "PLIMSOLL_CONFIG",   "PLIMSOLL_BRIDGE", "PLIMSOLL_DEMO",          "PLIMSOLL_EXAMPLES_",
    "PLIMSOLL_MODEL_",   "PLIMSOLL_TEST_",  "PLIMSOLL_TIMEOUT_SCALE", "PLIMSOLL_VALKEY_SERVER",
    "PLIMSOLL_SERVICE_", "PLIMSOLL_PORT",
};

bool is_of_others(std::string_view name) {
  return std::any_of(std::begin(others), std::end(others),
                     [&](std::string_view other) { return name.starts_with(other); });
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

Words words_of(Kind kind, std::string_view value) {
  if (kind != Kind::texts) return {std::string(value)};
  Words words;
  for (std::size_t comma = 0; comma != value.npos;) {
    comma = value.find(',');
    words.emplace_back(without_blanks(value.substr(0, comma)));
    if (comma != value.npos) value.remove_prefix(comma + 1);
  }
  return words;
}

void read_variable(const std::string& name, std::string_view value,
                   const std::vector<std::string>& known, Draft& draft) {
  const auto rows = option_rows();
  const auto found = std::find(known.begin(), known.end(), name);
  if (found != known.end()) {
    const OptionRow& row = rows[static_cast<std::size_t>(found - known.begin())];
    return draft.set(row, words_of(row.access.kind, value),
                     {.layer = Layer::environment,
                      .where = name,
                      .origin = "environment " + name,
                      .folder = ""});
  }
  if (is_of_others(name) || !is_plain_name(name)) return;
  const std::vector<std::string_view> names(known.begin(), known.end());
  draft.add_warning(name + ": is no option, and not used" + suggestion(nearest(name, names)));
}

}  // namespace

std::vector<std::string> process_environment() {
  std::vector<std::string> all;
  for (char** each = ::environ; each != nullptr && *each != nullptr; ++each) {
    if (std::string_view(*each).starts_with(variable_prefix)) all.emplace_back(*each);
  }
  return all;
}

std::string variable(const std::vector<std::string>& environment, const std::string& name) {
  for (const std::string& each : environment) {
    if (each.starts_with(name + "=")) return each.substr(name.size() + 1);
  }
  return {};
}

void read_environment(const std::vector<std::string>& environment, Draft& draft) {
  std::vector<std::string> known;
  for (const OptionRow& row : option_rows()) known.push_back(environment_name(row));
  for (const std::string& each : environment) {
    const std::size_t equals = each.find('=');
    if (!each.starts_with(variable_prefix) || equals == each.npos || equals + 1 == each.size())
      continue;
    if (draft.has_many_problems()) return;
    read_variable(each.substr(0, equals), std::string_view(each).substr(equals + 1), known, draft);
  }
}

}  // namespace plimsoll::inline v0::native::config
