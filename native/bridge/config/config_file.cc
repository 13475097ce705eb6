#include "plimsoll/native/bridge/config/config_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "plimsoll/core/base/units.h"
#include "plimsoll/native/bridge/config/bounded_value.h"
#include "plimsoll/native/bridge/config/config_limits.h"
#include "plimsoll/native/bridge/config/config_table.h"
#include "plimsoll/native/bridge/config/profile_rules.h"
#include "plimsoll/native/bridge/config/upstream_table.h"
#include "plimsoll/native/config/text/bounded_file.h"
#include "plimsoll/native/config/text/plain_name.h"
#include "plimsoll/native/config/text/toml_text.h"

namespace plimsoll::bridge {

using native::config::path_in;
using native::config::read_secret_file;

namespace {

constexpr std::size_t config_bytes_max = 1024 * 1024;

void read_addresses(ConfigTable& root, ConfigDraft& draft) {
  Config& config = draft.config;
  if (root.has("listen")) config.listen.clear();
  for (const ConfigEntry& entry : root.entries("listen")) {
    if (const auto address = parse_listen_address(entry.text)) {
      config.listen.push_back(*address);
      draft.listen_places.push_back(root.where("listen", entry));
    } else {
      root.add_problem("listen", entry, problem_of_address(entry.text));
    }
  }
}

void read_metrics(ConfigTable& root, Config& config) {
  if (const auto text = root.text("metrics")) {
    config.metrics = parse_listen_address(*text);
    if (!config.metrics) root.add_problem("metrics", problem_of_address(*text));
  }
}

void read_proxies(ConfigTable& root, Config& config) {
  config.behind_proxy = root.flag("behind_proxy");
  config.proxy_protocol = root.flag("proxy_protocol");
  const std::vector<ConfigEntry> entries = root.entries("trusted_proxies");
  for (const ConfigEntry& entry : entries) {
    if (const auto network = Network::parse(entry.text)) {
      config.trusted_proxies.push_back(*network);
    } else {
      root.add_problem("trusted_proxies", entry,
                       "is not a network; expected for example 10.0.0.0/8, with no bits set after "
                       "the prefix");
    }
  }
  if (config.proxy_protocol && entries.empty()) {
    root.add_problem("proxy_protocol",
                     "is true without trusted_proxies, so the bridge would refuse every "
                     "connection; expected trusted_proxies");
  }
}

void read_tls(ConfigTable& root, const std::string& folder, Config& config,
              const Problems& problems) {
  const std::size_t before = problems.count();
  ConfigTable table = root.table("tls");
  config.certificate_file = path_in(folder, table.text("certificate_file").value_or(""));
  config.key_file = path_in(folder, table.text("key_file").value_or(""));
  table.refuse_unknown();
  if (problems.count() > before) return;  // the table has wrong types or unknown keys
  const bool is_none = config.certificate_file.empty() && config.key_file.empty();
  if (is_none && root.has("tls")) {
    return root.add_problem("tls",
                            "has no files; expected certificate_file and key_file, or no [tls] for "
                            "a bridge without TLS");
  }
  if (config.certificate_file.empty() == config.key_file.empty()) return;
  table.add_problem(config.key_file.empty() ? "key_file" : "certificate_file",
                    "is missing; TLS needs certificate_file and key_file");
}

void read_pages(ConfigTable& root, const std::string& folder, Config& config) {
  ConfigTable table = root.table("pages");
  const auto pages = table.text("folder");
  table.refuse_unknown();
  config.pages_folder = path_in(folder, pages.value_or(""));
  if (root.has("pages") && config.pages_folder.empty()) {
    table.add_problem("folder", "is missing; expected the folder of the files to serve");
  }
}

void read_logs(ConfigTable& root, const std::string& folder, Config& config) {
  config.access_log = root.text("access_log").value_or("");
  if (config.access_log != "stderr") config.access_log = path_in(folder, config.access_log);
  const std::string format = root.text("log_format").value_or("text");
  if (format == "json") {
    config.log_format = LogFormat::json;
  } else if (format != "text") {
    root.add_problem("log_format", "is unknown; expected \"text\" or \"json\"");
  }
}

// Whether `text` is a name of a host: lower-case letters, digits, dots and dashes, without a port.
bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
  });
}

void read_names(ConfigTable& root, Config& config) {
  for (ConfigEntry& entry : root.entries("origins")) {
    if (!is_origin(entry.text)) {
      root.add_problem("origins", entry,
                       "is not an origin; expected for example \"https://example.org\", in lower "
                       "case, without a path or a *");
    }
    config.origins.push_back(std::move(entry.text));
  }
  for (ConfigEntry& entry : root.entries("hosts")) {
    if (!is_host(entry.text)) {
      root.add_problem("hosts", entry,
                       "is not a host name; expected for example \"bridge.example.org\", in lower "
                       "case, without a port");
    }
    config.hosts.push_back(std::move(entry.text));
  }
}

// ---- Tables that occur more than once: upstreams, profiles and keys

constexpr std::int64_t databases_max = 1'000'000;
constexpr Bounds<std::uint32_t> connections_of_token_bounds{.min = 1, .max = 1'000'000};
constexpr Bounds<std::uint32_t> threads_bounds{.min = 1, .max = threads_max};
constexpr Bounds<std::uint32_t> in_flight_bounds{.min = 1, .max = 65'536};
constexpr std::uint64_t reply_bytes_least = std::uint64_t{4} << 10;
constexpr std::uint64_t reply_bytes_most = std::uint64_t{64} << 20;
constexpr Bounds<std::uint64_t> transaction_bounds{.min = std::uint64_t{4} << 10,
                                                   .max = std::uint64_t{1} << 30};
constexpr Bounds<std::uint64_t> key_bytes_bounds{.min = 1, .max = std::uint64_t{1} << 20};
constexpr Bounds<std::uint32_t> subscriptions_bounds{.min = 1, .max = 1'000'000};
constexpr std::size_t upstreams_max = 100;
constexpr std::size_t profiles_max = 1'000;
constexpr std::size_t jwt_keys_max = 32;

void bound(ConfigTable& root, std::string_view key, std::size_t count, std::size_t max) {
  if (count <= max) return;
  root.add_problem(key, "has " + std::to_string(count) + " entries; expected " +
                            std::to_string(max) + " at most");
}

native::Error invalid(const std::string& text) {
  return native::Error(ErrorCode::invalid_option, Executed::no, text);
}

native::Result<std::string> read_secret_variable(const std::string& name) {
  // The problem must not repeat the name: it may be the secret, written in the wrong place.
  if (!native::config::is_plain_name(name))
    return invalid("is not the name of an environment variable");
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return invalid(name + ": is not set, or empty");
  return std::string(value);
}

// Reads a secret from `key`, `key`_file or `key`_env, of which only one may be given.
std::string read_secret(ConfigTable& table, const std::string& key, const std::string& folder) {
  const auto inline_text = table.text(key);
  const auto file = table.text(key + "_file");
  const auto variable = table.text(key + "_env");
  if (inline_text.has_value() + file.has_value() + variable.has_value() > 1) {
    table.add_problem(key, "is given more than once; expected only one of " + key + ", " + key +
                               "_file and " + key + "_env");
    return {};
  }
  if (inline_text) return *inline_text;
  if (!file && !variable) return {};
  const auto secret =
      file ? read_secret_file(path_in(folder, *file)) : read_secret_variable(*variable);
  if (secret) return *secret;
  table.add_problem(key + (file ? "_file" : "_env"), secret.error().text());
  return {};
}

void read_window(ConfigTable& table, ReplyWindow& window) {
  constexpr std::string_view bytes = "reply_bytes_ahead_max";
  window.requests_in_flight_max = read_count(table, "requests_in_flight_max", in_flight_bounds)
                                      .value_or(window.requests_in_flight_max);
  const auto text = table.amount(bytes);
  if (!text) return;
  const auto read = parse_bytes(*text);
  if (read && *read >= reply_bytes_least && *read <= reply_bytes_most) {
    window.reply_bytes_ahead_max = *read;
  } else {
    table.add_problem(bytes, "is " + *text + "; expected 4 KiB to 64 MiB");
  }
}

void read_kept(ConfigTable& table, KeptLimits& kept) {
  kept.transaction_bytes_max = read_amount(table, "transaction_bytes_max", transaction_bounds)
                                   .value_or(kept.transaction_bytes_max);
  kept.subscriptions_max = read_count(table, "subscriptions_max", subscriptions_bounds)
                               .value_or(static_cast<std::uint32_t>(kept.subscriptions_max));
}

Profile read_profile(ConfigTable& table, const std::string& folder, Problems& problems,
                     Problems& warnings) {
  Profile profile;
  profile.upstream = table.text("upstream").value_or("");
  profile.username = table.text("username").value_or("");
  profile.password = read_secret(table, "password", folder);
  profile.rules = read_rules(table, problems, warnings);
  profile.rules.key_bytes_max =
      read_amount(table, "key_bytes_max", key_bytes_bounds).value_or(profile.rules.key_bytes_max);
  for (const std::int64_t database : table.integers("databases")) {
    if (database >= 0 && database < databases_max) {
      profile.rules.databases.push_back(static_cast<std::uint32_t>(database));
    } else {
      table.add_problem("databases", "has " + std::to_string(database) + " in it; expected 0 to " +
                                         std::to_string(databases_max - 1));
    }
  }
  profile.connections_max = read_count(table, "connections_max", connections_of_token_bounds)
                                .value_or(profile.connections_max);
  read_window(table, profile.window);
  read_kept(table, profile.kept);
  table.refuse_unknown();
  if (!profile.username.empty() && profile.password.empty() && !table.has("password_file") &&
      !table.has("password_env")) {
    table.add_problem("username",
                      "has no password; expected password, password_file or "
                      "password_env");
  }
  return profile;
}

// Which option of the table names the file: a jwks_file has all keys of an issuer, each other file
// has one key of `algorithm`. Also sets the kind of `source`, and its algorithm. Empty: it is
// wrong.
std::string_view choose_key_file(ConfigTable& table, const std::optional<std::string>& algorithm,
                                 JwtKeySource& source) {
  if (table.has("jwks_file")) {
    source.kind = JwtKeySource::Kind::key_set;
    for (const auto option : {"algorithm", "kid", "secret_file", "public_key_file"}) {
      if (table.has(option)) table.add_problem(option, "is for a single key, not for a jwks_file");
    }
    return "jwks_file";
  }
  const auto known = parse_jwt_algorithm(algorithm.value_or(""));
  if (!known) {
    table.add_problem("algorithm", algorithm ? "is unknown; expected HS256, RS256, ES256 or EdDSA"
                                             : "is missing; expected HS256, RS256, ES256 or EdDSA, "
                                               "or a jwks_file");
    return {};
  }
  const bool is_secret = *known == JwtAlgorithm::hs256;
  source.algorithm = *known;
  source.kind = is_secret ? JwtKeySource::Kind::secret : JwtKeySource::Kind::public_key;
  const std::string_view wanted = is_secret ? "secret_file" : "public_key_file";
  const std::string_view unwanted = is_secret ? "public_key_file" : "secret_file";
  if (table.has(unwanted)) {
    table.add_problem(unwanted, "is not for this algorithm; expected " + std::string(wanted));
  }
  return wanted;
}

// Reads the table of that number, and the file that it names.
std::optional<JwtKeyFile> read_key_file(ConfigTable& table, const std::string& folder,
                                        std::size_t number) {
  JwtKeySource source;
  source.table = number;
  for (const auto& [option, value] : {std::pair{"kid", &source.kid},
                                      {"audience", &source.audience},
                                      {"issuer", &source.issuer}}) {
    const auto text = table.text(option);
    *value = text.value_or("");
    if (text == "") table.add_problem(option, "is empty; leave it out if there is none");
  }
  std::map<std::string_view, std::optional<std::string>> paths;
  for (const auto option : {"jwks_file", "public_key_file", "secret_file"}) {
    paths[option] = table.text(option);
  }
  const auto algorithm = table.text("algorithm");
  table.refuse_unknown();
  const std::string_view option = choose_key_file(table, algorithm, source);
  if (option.empty()) return std::nullopt;
  source.path = path_in(folder, paths[option].value_or(""));
  if (source.path.empty()) {
    if (!table.has(option)) table.add_problem(option, "is missing; " + *algorithm + " needs it");
    if (paths[option]) table.add_problem(option, "is empty; expected the name of a file");
    return std::nullopt;
  }
  auto file = JwtKeyFile::open(std::move(source));
  if (file) return std::move(*file);
  table.add_problem(option, file.error().text());
  return std::nullopt;
}

// The settings outside of all tables.
bool is_top_key(std::string_view key) {
  constexpr std::string_view keys[] = {
      "listen",     "metrics",      "origins",         "hosts",          "tokens_file",
      "access_log", "behind_proxy", "trusted_proxies", "proxy_protocol", "threads"};
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

std::optional<toml::table> parse_file(std::string_view text, const std::string& file,
                                      Problems& problems) {
  native::config::Problems found;
  auto parsed = native::config::parse_toml(text, file, found);
  for (const std::string& line : found.lines()) problems.add_line({.file = file}, line);
  return parsed;
}

// [upstreams.NAME]
void read_upstreams(ConfigTable& root, const std::string& folder, ConfigDraft& draft) {
  for (auto& [name, table] : root.tables("upstreams")) {
    draft.upstream_names.insert(name);
    read_upstream(name, table, folder, draft.config.upstreams);
  }
  bound(root, "upstreams", draft.upstream_names.size(), upstreams_max);
}

// [profiles.NAME]
void read_profiles(ConfigTable& root, const std::string& folder, ConfigDraft& draft,
                   Problems& problems) {
  std::vector<Profile>& all = draft.config.profiles;
  for (auto& [name, table] : root.tables("profiles")) {
    draft.profile_names.insert(name);
    all.push_back(read_profile(table, folder, problems, draft.warnings));
    all.back().name = name;
  }
  bound(root, "profiles", all.size(), profiles_max);
}

// [[jwt_keys]]
void read_jwt_keys(ConfigTable& root, const std::string& folder, Config& config) {
  std::vector<ConfigTable> tables = root.list("jwt_keys");
  bound(root, "jwt_keys", tables.size(), jwt_keys_max);
  for (std::size_t i = 0; i < std::min(tables.size(), jwt_keys_max); ++i) {
    if (auto file = read_key_file(tables[i], folder, i)) {
      config.jwt_key_files.push_back(std::move(*file));
    }
  }
}

}  // namespace

bool is_origin(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == text.npos || colon == 0) return false;
  const std::string_view scheme = text.substr(0, colon);
  const bool plain_scheme = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
  });
  const std::string_view host = text.substr(colon + 3);
  return plain_scheme && !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
                  c == '.' || c == ':' || c == '[' || c == ']';
         });
}

ConfigDraft read_config_text(std::string_view text, const std::string& file, Problems& problems) {
  ConfigDraft draft;
  draft.places.set_file(file);
  const auto parsed = parse_file(text, file, problems);
  draft.is_unread = !parsed;
  if (!parsed) return draft;
  ConfigSource source{.file = file,
                      .problems = problems,
                      .places = draft.places,
                      .misspelled = draft.unclear,
                      .is_top_key = is_top_key};
  ConfigTable root(*parsed, "", source);
  Config& config = draft.config;
  const std::string folder = native::config::folder_of(file);
  // Reads one part, and notes whether there are problems with it.
  const auto part = [&](const char* key, const auto& read) {
    const std::size_t before = problems.count();
    read();
    if (problems.count() > before) draft.unclear.insert(key);
  };
  part("listen", [&] {
    read_addresses(root, draft);
    bound(root, "listen", config.listen.size(), listen_max);
  });
  read_metrics(root, config);
  part("threads", [&] {
    config.threads = read_count(root, "threads", threads_bounds).value_or(config.threads);
  });
  read_proxies(root, config);
  part("tls", [&] { read_tls(root, folder, config, problems); });
  read_names(root, config);
  read_pages(root, folder, config);
  part("upstreams", [&] { read_upstreams(root, folder, draft); });
  part("profiles", [&] { read_profiles(root, folder, draft, problems); });
  part("jwt_keys", [&] { read_jwt_keys(root, folder, config); });
  part("limits", [&] { read_limits(root.table("limits"), config.limits); });
  part("tokens_file",
       [&] { draft.tokens_file = path_in(folder, root.text("tokens_file").value_or("")); });
  read_logs(root, folder, config);
  root.refuse_unknown();
  return draft;
}

ConfigDraft read_config_file(const std::string& file, Problems& problems) {
  const auto text = native::config::read_bounded_file(file, config_bytes_max);
  if (text) return read_config_text(*text, file, problems);
  problems.add("--config", text.error().text());
  ConfigDraft draft;
  draft.is_unread = true;
  return draft;
}

}  // namespace plimsoll::bridge
