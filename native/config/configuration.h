#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/memory_options.h"
#include "plimsoll/options.h"
#include "plimsoll/result.h"

// Configuration of memory and clients, merged from the program, a TOML file and the environment;
// each overrides the one before. docs/configuration.md lists all keys.
//
//   native::LoadOptions from;
//   from.file = "plimsoll.toml";
//   native::Configuration configuration = native::load_configuration(from).value();
//   native::apply(configuration).value();
//   auto client = co_await native::connect(configuration.url, configuration.client);

namespace plimsoll::inline v0::native {

/// A larger file is refused.
inline constexpr std::size_t configuration_bytes_max = 256 * 1024;

/// The most problems that one error lists.
inline constexpr std::size_t configuration_problems_max = 100;

/// Files that contain secrets, so that the configuration need not. In [client] of a TOML file,
/// paths are relative to the folder of that file.
struct SecretFiles {
  std::string password_file{};
  std::string token_file{};
  std::string key_password_file{};
  std::string sentinel_password_file{};
  std::string sentinel_key_password_file{};
};

/// Not an aggregate, for the same reason as Options.
struct Configuration {
  Configuration() {}  // NOLINT(modernize-use-equals-default): an aggregate otherwise

  MemoryOptions memory;

  /// The server's URL, for connect(); empty: not set.
  std::string url;
  /// apply() creates the cache that `cache` describes, and puts it in here.
  Options client;
  SecretFiles secret_files;

  /// No cache is created if max_cache_kb is 0.
  ClientSideCacheOptions cache;

  /// The address at which metrics are served, "127.0.0.1:9121"; empty: not served.
  std::string metrics_listen;
  /// Whether SIGUSR1 makes the process write a dump of configuration and accounts.
  bool dump_on_sigusr1 = false;
  /// The file that dumps are appended to; empty: standard error.
  std::string dump_path;

  /// The file that was read; empty: none.
  std::string file;

  /// Where each value comes from, by key: "program", "plimsoll.toml:3", "environment
  /// PLIMSOLL_MEMORY_LIMIT". Keys with default values are not in it.
  std::map<std::string, std::string, std::less<>> origins;

  /// Things that look like mistakes but do no harm. load_configuration() has logged them.
  std::vector<std::string> warnings;
};

/// Where a configuration comes from: the program, a file, the environment.
struct LoadOptions {
  LoadOptions() {}  // NOLINT(modernize-use-equals-default): an aggregate otherwise

  /// The program's own values. File and environment override them.
  Configuration base;

  /// The TOML file, which must exist. Empty: the one that PLIMSOLL_CONFIG names in the environment,
  /// if any.
  std::string file;

  /// Variables as "NAME=VALUE". Names that do not begin with PLIMSOLL_, and empty values, are
  /// ignored. Not set: the process's environment.
  std::optional<std::vector<std::string>> environment;
};

/// Reads and merges what `options` name. Changes nothing in the process: see apply(). Blocks while
/// it reads the files.
///
/// If anything is wrong, invalid_option lists all problems, one line each, with file, line, key,
/// the value and what was expected, unless one problem hides another: a file that cannot be read or
/// is not TOML, an unknown key (with the most similar one), a value of the wrong type or unit or
/// out of bounds, or sums that are impossible. The text never contains secrets. An unknown variable
/// PLIMSOLL_... is only a warning, because it may belong to another program.
Result<Configuration> load_configuration(const LoadOptions& options);

/// Applies `configuration` to this process: sets the memory limit, creates the client-side cache
/// and puts it into client.client_side_cache (unless there is one already), and begins to serve
/// metrics and to dump on SIGUSR1, if configured. Existing clients do not change. Call it from any
/// thread, but not from a log hook.
///
/// A process has one memory limit, one endpoint for metrics and one dump. If a second
/// configuration, from another file or from none, is applied, it must agree with the first in
/// everything that it sets about these; otherwise invalid_option names the key, both values, and
/// where they come from. Other errors are those of configure_memory(), ClientSideCache::create(),
/// serve_metrics() and dump_on_signal(). After an error the process keeps what was applied before,
/// with one exception: if the cache cannot be created, the new memory limit stays in force.
///
/// A child of fork() keeps its parent's memory limit. It serves and dumps nothing until it applies
/// a configuration. Files are identified by their paths: if two parts of a process apply the same
/// file with different values of their own, the later one wins.
Result<void> apply(Configuration& configuration);

/// Returns every option with its value and the value's origin, as TOML that load_configuration()
/// can read. Options that are not set, and secrets, appear as comments: `# password = (set)`.
std::string to_text(const Configuration& configuration);

/// Returns where the value of an option such as "client.request_timeout" comes from: as in
/// Configuration::origins, or "default", or "program" if the program changed the struct. Empty for
/// an unknown key.
std::string origin(const Configuration& configuration, std::string_view key);

}  // namespace plimsoll::inline v0::native
