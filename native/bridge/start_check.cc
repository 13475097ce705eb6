#include "plimsoll/native/bridge/start_check.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "plimsoll/native/bridge/pages/pages.h"
#include "plimsoll/native/bridge/shared_upstream.h"
#include "plimsoll/native/bridge/tls_files.h"
#include "plimsoll/native/config/text/bounded_file.h"

namespace plimsoll::bridge {
namespace {

void check_tls(ConfigDraft& draft, const std::string& table, const native::TlsOptions& options,
               std::chrono::system_clock::time_point now, Problems& problems) {
  const TlsFileProblems found = check_tls_files(options, now);
  for (const TlsFileProblem& each : found.problems) {
    problems.add(draft.places.of(table + "." + each.field), each.text);
  }
  for (const TlsFileProblem& each : found.warnings) {
    draft.warnings.add(draft.places.of(table + "." + each.field), each.text);
  }
}

void check_page_files(const ConfigDraft& draft, Problems& problems) {
  const Config& config = draft.config;
  if (config.pages_folder.empty()) return;
  const PagesCheck found = check_pages(config.pages_folder);
  const Place place = draft.places.of("pages.folder");
  for (const std::string& each : found.problems) problems.add(place, each);
  if (found.problems.empty() && found.bytes > config.limits.memory_limit) {
    problems.add(place, config.pages_folder + ": the files take " + std::to_string(found.bytes) +
                            " bytes of memory; expected limits.memory_limit (" +
                            std::to_string(config.limits.memory_limit) + " bytes) at most");
  }
}

// Where the setting stands that an error of the library's client is about. What a table says by
// itself was checked when it was read; this is for what only fits together in the library.
Place place_of(const ConfigDraft& draft, const std::string& table, std::string_view problem) {
  for (const std::string_view key : {"seeds", "request_timeout", "blocking_connections_max"}) {
    if (problem.find(key) != problem.npos) return draft.places.of(table + "." + std::string(key));
  }
  if (problem.find("connect_timeout") != problem.npos) {
    return draft.places.of("limits.connect_timeout");
  }
  return draft.places.of(table + ".url");
}

void check_shared(const ConfigDraft& draft, const Upstream& upstream, Problems& problems) {
  if (!upstream.shares_connections) return;
  const std::string table = "upstreams." + upstream.name;
  const auto valid = validate(to_shared_server(upstream, draft.config.limits));
  if (!valid) {
    const std::string_view text = valid.error().text();
    problems.add(place_of(draft, table, text), text);
  }
  if (!upstream.cache) return;
  const auto valid_cache = native::validate(to_cache_options(*upstream.cache));
  if (!valid_cache) problems.add(draft.places.of(table + ".cache"), valid_cache.error().text());
}

// Whether the file can be written, or made. Does neither, since a check must change nothing.
void check_access_log(const ConfigDraft& draft, Problems& problems) {
  const std::string& file = draft.config.access_log;
  if (file.empty() || file == "stderr") return;
  const Place place = draft.places.of("access_log");
  std::error_code problem;
  const auto status = std::filesystem::status(file, problem);
  if (std::filesystem::is_directory(status)) {
    return problems.add(place, file + ": is a folder; expected a file, or \"stderr\"");
  }
  if (std::filesystem::exists(status)) {
    if (::access(file.c_str(), W_OK) == 0) return;
    return problems.add(place, file + ": cannot be written: " + std::strerror(errno));
  }
  std::string folder = native::config::folder_of(file);
  if (folder.empty()) folder = ".";
  folder += "/.";  // so that it has to be a folder
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return;
  problems.add(place, file + ": cannot be created in its folder: " + std::strerror(errno));
}

}  // namespace

void check_start(ConfigDraft& draft, std::chrono::system_clock::time_point now,
                 Problems& problems) {
  const Config& config = draft.config;
  native::TlsOptions own;
  own.certificate_file = config.certificate_file;
  own.key_file = config.key_file;
  check_tls(draft, "tls", own, now, problems);
  for (const Upstream& each : config.upstreams) {
    check_tls(draft, "upstreams." + each.name, each.tls, now, problems);
    check_shared(draft, each, problems);
  }
  check_page_files(draft, problems);
  check_access_log(draft, problems);
}

}  // namespace plimsoll::bridge
