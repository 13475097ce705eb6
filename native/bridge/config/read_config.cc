#include "plimsoll/native/bridge/config/read_config.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "plimsoll/native/bridge/config/config_check.h"
#include "plimsoll/native/bridge/config/config_file.h"
#include "plimsoll/native/config/text/bounded_file.h"
#include "plimsoll/native/config/text/plain_name.h"

namespace plimsoll::bridge {
namespace {

constexpr std::size_t tokens_file_bytes_max = 4 * 1024 * 1024;
constexpr std::uint32_t local_databases = 16;  // a server's default

// The credentials in the URLs of the command line.
struct Login {
  std::string username;
  std::string password;
  bool is_empty() const { return username.empty() && password.empty(); }
};

void override_addresses(const CommandLine& line, Config& config, Problems& problems) {
  if (!line.listen.empty()) config.listen.clear();
  for (const std::string& text : line.listen) {
    const auto address = parse_listen_address(text);
    if (address) config.listen.push_back(*address);
    if (!address)
      problems.add("--listen", "is not an address; expected for example 127.0.0.1:8380");
  }
  if (!line.metrics.empty()) {
    config.metrics = parse_listen_address(line.metrics);
    if (!config.metrics)
      problems.add("--metrics", "is not an address; expected for example 127.0.0.1:80");
  }
  if (!line.pages.empty()) config.pages_folder = line.pages;
  for (const std::string& origin : line.origins) {
    config.origins.push_back(origin);
    if (!is_origin(origin)) {
      problems.add("--origin",
                   "is not an origin; expected for example https://example.org, without a path");
    }
  }
}

void put_upstream(Upstream upstream, std::vector<Upstream>& all, Problems& problems) {
  const auto same = std::find_if(all.begin(), all.end(),
                                 [&](const Upstream& one) { return one.name == upstream.name; });
  if (same == all.end()) return all.push_back(std::move(upstream));
  // The command line only moves the upstream; the file's certificates still apply.
  const bool enabled = upstream.tls.enabled;
  if (same->tls.enabled && !enabled) {
    problems.add("--upstream",
                 same->name + " has no TLS at " + upstream.endpoint.to_string() +
                     ", but the upstream that it replaces has TLS; expected valkeys://");
    return;
  }
  same->endpoint = upstream.endpoint;
  same->tls.enabled = enabled;
}

Login add_upstreams(const CommandLine& line, Config& config, Problems& problems) {
  Login login;
  for (const std::string& text : line.upstreams) {
    const std::size_t equals = text.find('=');
    // An = behind :// is part of the URL.
    const bool has_name = equals < text.find("://");
    std::string name = has_name ? text.substr(0, equals) : "default";
    if (!native::config::is_plain_name(name)) {
      problems.add("--upstream",
                   "has a name with other characters than letters, digits, - _ and .");
      continue;
    }
    UpstreamUrl url =
        parse_upstream_url(std::move(name), has_name ? text.substr(equals + 1) : text);
    Login found{url.username, url.password};
    if (url.problem.empty() && !found.is_empty() && (!line.local || line.upstreams.size() > 1)) {
      url.problem =
          "has a user or a password; these belong to profiles, except with --local and "
          "one --upstream";
    }
    if (!url.problem.empty()) {
      problems.add("--upstream", url.problem);
      continue;
    }
    put_upstream(std::move(url.upstream), config.upstreams, problems);
    login = std::move(found);
  }
  return login;
}

void add_profile(const CommandLine& line, Login login, Config& config) {
  if (line.allow.empty() && !line.local) return;
  Profile profile;
  profile.name = line.local ? "local" : "default";
  profile.rules.allow = line.allow;
  if (line.local) {
    profile.username = std::move(login.username);
    profile.password = std::move(login.password);
    if (line.allow.empty()) {
      profile.rules.allow = {"@all"};
      profile.rules.deny = {"@admin", "@dangerous"};
    }
    profile.rules.channel_prefixes = {""};  // any channel
    for (std::uint32_t i = 0; i < local_databases; ++i) profile.rules.databases.push_back(i);
    FreshToken fresh = make_token(profile.name);
    config.local_token = std::move(fresh.token);
    config.static_tokens.push_back(std::move(fresh.entry));
  }
  config.profiles.push_back(std::move(profile));
}

void read_tokens(const std::string& file, Config& config, Problems& problems) {
  if (file.empty()) return;
  const auto text = native::config::read_bounded_file(file, tokens_file_bytes_max);
  if (!text) return problems.add_line(std::string(text.error().text()));
  StaticTokens read = parse_static_tokens(*text, file);
  for (std::string& problem : read.problems) problems.add_line(std::move(problem));
  std::move(read.tokens.begin(), read.tokens.end(), std::back_inserter(config.static_tokens));
}

}  // namespace

ReadConfig read_config(const CommandLine& line) {
  Problems problems;
  ConfigDraft draft;
  if (!line.config_file.empty()) draft = read_config_file(line.config_file, problems);
  if (!line.tokens_file.empty()) draft.tokens_file = line.tokens_file;
  Config& config = draft.config;
  override_addresses(line, config, problems);
  Login login = add_upstreams(line, config, problems);
  read_tokens(draft.tokens_file, config, problems);
  add_profile(line, std::move(login), config);
  check_config(draft, problems);
  if (!problems.empty()) return {.config = std::nullopt, .problems = problems.lines()};
  return {.config = std::move(config), .problems = {}};
}

}  // namespace plimsoll::bridge
