#include "plimsoll/native/config/read_configuration.h"

#include <utility>

#include "plimsoll/log.h"
#include "plimsoll/native/config/check_configuration.h"
#include "plimsoll/native/config/draft.h"
#include "plimsoll/native/config/read_environment.h"
#include "plimsoll/native/config/read_toml.h"
#include "plimsoll/native/config/secret_files.h"
#include "plimsoll/native/config/text/bounded_file.h"

namespace plimsoll::inline v0::native {
namespace config {
namespace {

Error error_of(const Problems& problems) {
  std::string text;
  std::size_t count = 0;
  for (const std::string& line : problems.lines()) {
    if (++count > configuration_problems_max) break;
    text += (text.empty() ? "" : "\n") + line;
  }
  if (count > configuration_problems_max) text += "\nand more";
  return Error(ErrorCode::invalid_option, Executed::no, text);
}

void read_file(const std::string& file, Draft& draft) {
  draft.configuration().file = file;
  if (file.empty()) return;
  const auto text = read_bounded_file(file, configuration_bytes_max);
  if (text) return read_toml(*text, file, draft);
  draft.problems().add_line(std::string(text.error().text()));
}

}  // namespace

LoadOptions with_environment(LoadOptions options) {
  if (!options.environment) options.environment = process_environment();
  return options;
}

std::string file_of(const LoadOptions& options) {
  if (!options.file.empty()) return options.file;
  return options.environment ? variable(*options.environment, "PLIMSOLL_CONFIG") : "";
}

Result<Configuration> read_configuration(const LoadOptions& given) {
  const LoadOptions options = with_environment(given);
  Draft draft(options.base);
  read_file(file_of(options), draft);
  read_environment(*options.environment, draft);
  read_secret_files(draft);
  check_configuration(draft);
  if (!draft.problems().empty()) return error_of(draft.problems());
  return std::move(draft.configuration());
}

void log_warnings(const Configuration& configuration) {
  for (const std::string& warning : configuration.warnings) {
    log(Severity::warn, "plimsoll.configuration.unknown_variable", warning);
  }
}

}  // namespace config

Result<Configuration> load_configuration(const LoadOptions& options) {
  auto configuration = config::read_configuration(options);
  if (configuration) config::log_warnings(*configuration);
  return configuration;
}

}  // namespace plimsoll::inline v0::native
