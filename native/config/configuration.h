#pragma once

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

// What a program, a TOML file and the environment say about memory and clients, put together: later
// ones win. All keys are in docs/configuration.md.
//
//   native::LoadOptions from;
//   from.file = "plimsoll.toml";
//   native::Configuration configuration = native::load_configuration(from).value();
//   native::apply(configuration).value();
//   auto client = co_await native::connect(configuration.url, configuration.client);

namespace plimsoll::native {

/// A larger file is refused.
inline constexpr std::size_t configuration_bytes_max = 256 * 1024;

/// So many problems are told at once.
inline constexpr std::size_t configuration_problems_max = 100;

/// Files that secrets are read from, in place of being written down. In a file's [client] they are
/// seen from that file's folder.
struct SecretFiles {
  std::string password_file{};
  std::string token_file{};
  std::string key_password_file{};
};

/// Not an aggregate, for Options' reason.
struct Configuration {
  Configuration() {}  // NOLINT(modernize-use-equals-default): an aggregate otherwise

  MemoryOptions memory;

  /// Where the server is, for connect(); empty where nobody said.
  std::string url;
  /// apply() puts the cache in it that `cache` describes.
  Options client;
  SecretFiles secret_files;

  /// A cache is wanted where max_cache_kb is not 0.
  ClientSideCacheOptions cache;

  /// Where figures are served, "127.0.0.1:9121"; empty: nowhere.
  std::string metrics_listen;
  /// Whether SIGUSR1 has configuration and accounts written down.
  bool dump_on_sigusr1 = false;
  /// Where to: a file that is appended to; empty: standard error.
  std::string dump_path;

  /// The file that was read; empty: none.
  std::string file;

  /// Who said what, by key: "program", "plimsoll.toml:3", "environment PLIMSOLL_MEMORY_LIMIT". What
  /// nobody said is not in it.
  std::map<std::string, std::string, std::less<>> origins;

  /// What is odd and does no harm, as load_configuration() has logged it.
  std::vector<std::string> warnings;
};

struct LoadOptions {
  LoadOptions() {}  // NOLINT(modernize-use-equals-default): an aggregate otherwise

  /// What the program says, where file and environment say nothing.
  Configuration base;

  /// Has to be there. Empty: what the environment's PLIMSOLL_CONFIG names, or none.
  std::string file;

  /// As "NAME=VALUE"; those that do not begin with PLIMSOLL_ are passed over, and so are empty
  /// values. Not set: the process's own.
  std::optional<std::vector<std::string>> environment;
};

/// Puts together what `options` name, and changes nothing: see apply(). Blocks for as long as the
/// files take to be read.
///
/// invalid_option has all that is wrong, a line each, as far as one thing does not hide another:
/// file, line, key, what it is and what was expected: a file that cannot be read or is no TOML, a
/// key that is unknown (with the nearest one), a value of another type or unit, or out of bounds,
/// sums that are impossible. Secrets are never in it. An unknown variable PLIMSOLL_... is not
/// wrong, but a warning: others may have named it so.
Result<Configuration> load_configuration(const LoadOptions& options);

/// Makes it this process's: draws the memory line, makes the cache that it describes, unless there
/// is one, for client.client_side_cache, and begins to serve figures and to dump on SIGUSR1, if it
/// says so. From any thread, but not from a log hook. Clients that exist stay as they are.
///
/// A process has one line, one endpoint and one dump. Whoever applies another file, or none, after
/// the first must agree with that one in all that it says about these: invalid_option names key,
/// both values, and where they come from. Errors of configure_memory(), ClientSideCache::create(),
/// serve_metrics() and dump_on_signal(); what was applied before stays then, but where it is the
/// cache that cannot be made: a line that was drawn for it stays drawn.
///
/// A child of fork() has its parent's line, and serves and dumps nothing until it applies what says
/// so. Files are told apart by their path: of two programs in one process that open the same one
/// with other words of their own, the later wins.
Result<void> apply(Configuration& configuration);

/// Every option with its value and where that comes from, as TOML that load_configuration() reads.
/// What is not set, and secrets, are comments: `# password = (set)`.
std::string to_text(const Configuration& configuration);

/// Who said the value of an option, such as "client.request_timeout": as in Configuration::origins,
/// or "default", or "program" where the program set it in the struct. Empty for an unknown key.
std::string origin(const Configuration& configuration, std::string_view key);

}  // namespace plimsoll::native
