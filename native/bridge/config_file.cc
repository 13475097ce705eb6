#include "plimsoll/native/bridge/config_file.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "plimsoll/native/bridge/config_limits.h"
#include "plimsoll/native/bridge/config_parts.h"
#include "plimsoll/native/bridge/config_table.h"
#include "plimsoll/native/config/bounded_file.h"
#include "plimsoll/native/config/toml_text.h"

namespace plimsoll::bridge {

using native::config::path_in;

namespace {

constexpr std::size_t config_bytes_max = 1024 * 1024;

void read_addresses(ConfigTable& root, Config& config) {
  constexpr std::string_view expected = "expected ADDRESS:PORT, such as 127.0.0.1:8380 or [::]:80";
  if (root.has("listen")) config.listen.clear();
  for (const std::string& text : root.texts("listen")) {
    if (const auto address = parse_listen_address(text)) {
      config.listen.push_back(*address);
    } else {
      root.add_problem("listen", "has something else than addresses; " + std::string(expected));
    }
  }
  if (const auto text = root.text("metrics")) {
    config.metrics = parse_listen_address(*text);
    if (!config.metrics) root.add_problem("metrics", "is no address; " + std::string(expected));
  }
}

void read_proxies(ConfigTable& root, Config& config) {
  config.behind_proxy = root.flag("behind_proxy");
  config.proxy_protocol = root.flag("proxy_protocol");
  for (const std::string& text : root.texts("trusted_proxies")) {
    if (const auto network = Network::parse(text)) {
      config.trusted_proxies.push_back(*network);
    } else {
      root.add_problem("trusted_proxies",
                       "has something else than networks; expected such as 10.0.0.0/8, with no "
                       "bits behind the prefix");
    }
  }
  if (config.proxy_protocol && config.trusted_proxies.empty()) {
    root.add_problem("proxy_protocol", "is true without trusted_proxies, so nobody is believed");
  }
}

void read_tls(ConfigTable& root, const std::string& folder, Config& config,
              const Problems& problems) {
  const std::size_t before = problems.lines().size();
  ConfigTable table = root.table("tls");
  config.certificate_file = path_in(folder, table.text("certificate_file").value_or(""));
  config.key_file = path_in(folder, table.text("key_file").value_or(""));
  table.refuse_unknown();
  if (problems.lines().size() > before) return;  // it cannot be read, or names something else
  const bool is_none = config.certificate_file.empty() && config.key_file.empty();
  if (is_none && root.has("tls")) {
    return root.add_problem("tls",
                            "names no files; expected certificate_file and key_file, or no "
                            "[tls] for a bridge that is reached without TLS");
  }
  if (config.certificate_file.empty() == config.key_file.empty()) return;
  table.add_problem(config.key_file.empty() ? "key_file" : "certificate_file",
                    "is missing; TLS wants both");
}

void read_pages(ConfigTable& root, const std::string& folder, Config& config) {
  ConfigTable table = root.table("pages");
  const auto pages = table.text("folder");
  table.refuse_unknown();
  config.pages_folder = path_in(folder, pages.value_or(""));
  if (root.has("pages") && config.pages_folder.empty()) {
    table.add_problem("folder", "is missing; expected that of the files to show");
  }
}

// Letters, digits, dots and dashes in lower case, without a port.
bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
  });
}

void read_names(ConfigTable& root, Config& config) {
  config.origins = root.texts("origins");
  if (!std::all_of(config.origins.begin(), config.origins.end(), is_origin)) {
    root.add_problem("origins",
                     "has something else than origins; expected such as \"https://example.org\", "
                     "in lower case, without a path or a *");
  }
  config.hosts = root.texts("hosts");
  if (!std::all_of(config.hosts.begin(), config.hosts.end(), is_host)) {
    root.add_problem("hosts",
                     "has something else than names; expected such as \"bridge.example.org\", in "
                     "lower case, without a port");
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

UpstreamUrl parse_upstream_url(std::string name, const std::string& url) {
  UpstreamUrl all;
  const auto target = native::parse_url(url, {});
  if (!target) {
    all.problem = target.error().text();
    return all;
  }
  if (target->endpoint.kind == native::Endpoint::Kind::websocket) {
    all.problem = "is of a bridge; expected a server: valkey://, valkeys:// or unix://";
    return all;
  }
  const native::Options& options = target->options;
  if (options.database != 0 || !options.client_name.empty() ||
      options.protocol != native::Options().protocol) {
    all.problem = "says database, client_name or protocol; these are for clients to choose";
    return all;
  }
  all.upstream = {.name = std::move(name), .endpoint = target->endpoint, .tls = options.tls};
  all.username = options.username;
  all.password = options.password;
  return all;
}

ConfigDraft read_config_text(std::string_view text, const std::string& file, Problems& problems) {
  ConfigDraft draft;
  const auto parsed = native::config::parse_toml(text, file, problems);
  if (!parsed) return draft;
  ConfigSource source{.file = file, .problems = problems};
  ConfigTable root(*parsed, "", source);
  Config& config = draft.config;
  const std::string folder = native::config::folder_of(file);
  read_addresses(root, config);
  read_proxies(root, config);
  read_tls(root, folder, config, problems);
  read_names(root, config);
  read_pages(root, folder, config);
  read_upstreams(root, folder, config);
  read_profiles(root, folder, config);
  read_jwt_keys(root, folder, config);
  read_limits(root.table("limits"), config.limits);
  draft.tokens_file = path_in(folder, root.text("tokens_file").value_or(""));
  config.access_log = root.text("access_log").value_or("");
  if (config.access_log != "stderr") config.access_log = path_in(folder, config.access_log);
  ConfigTable profiles = root.table("profiles");
  for (const Profile& profile : config.profiles) {
    draft.upstream_places.push_back(profiles.table(profile.name).where("upstream"));
  }
  root.refuse_unknown();
  return draft;
}

ConfigDraft read_config_file(const std::string& file, Problems& problems) {
  const auto text = native::config::read_bounded_file(file, config_bytes_max);
  if (text) return read_config_text(*text, file, problems);
  problems.add_line(std::string(text.error().text()));
  return {};
}

}  // namespace plimsoll::bridge
