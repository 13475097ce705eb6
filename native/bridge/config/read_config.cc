#include "plimsoll/native/bridge/config/read_config.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "plimsoll/native/bridge/config/config_check.h"
#include "plimsoll/native/bridge/config/rule_check.h"
#include "plimsoll/native/bridge/config/shared_check.h"
#include "plimsoll/native/bridge/config/upstream_url.h"
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

void override_listen(const CommandLine& line, ConfigDraft& draft, Problems& problems) {
  if (line.listen.empty()) return;
  draft.config.listen.clear();
  draft.listen_places.clear();
  draft.unclear.erase("listen");
  draft.places.replace("listen", "--listen");
  for (const std::string& text : line.listen) {
    if (const auto address = parse_listen_address(text)) {
      draft.config.listen.push_back(*address);
      draft.listen_places.push_back({.key = "--listen"});
    } else {
      problems.add("--listen", problem_of_address(text));
      draft.unclear.insert("listen");
    }
  }
}

void override_addresses(const CommandLine& line, ConfigDraft& draft, Problems& problems) {
  Config& config = draft.config;
  override_listen(line, draft, problems);
  if (!line.metrics.empty()) {
    config.metrics = parse_listen_address(line.metrics);
    draft.places.replace("metrics", "--metrics");
    if (!config.metrics) problems.add("--metrics", problem_of_address(line.metrics));
  }
  if (!line.pages.empty()) {
    config.pages_folder = line.pages;
    draft.places.replace("pages.folder", "--pages");
  }
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
  const bool is_cluster = upstream.is_cluster || same->is_cluster;
  if (is_cluster && upstream.endpoint.kind == native::Endpoint::Kind::unix_socket) {
    problems.add("--upstream", same->name +
                                   " is a unix socket, but the upstream that it replaces is a "
                                   "cluster; expected valkey:// or valkey+cluster://");
    return;
  }
  same->endpoint = upstream.endpoint;
  same->tls.enabled = enabled;
  same->is_cluster = is_cluster;
  same->shares_connections = same->shares_connections || is_cluster;
  same->seeds = std::move(upstream.seeds);  // those of the file may be of another cluster
}

Login add_upstreams(const CommandLine& line, ConfigDraft& draft, Problems& problems) {
  Login login;
  for (const std::string& text : line.upstreams) {
    const std::size_t equals = text.find('=');
    // An = behind :// is part of the URL.
    const bool has_name = equals < text.find("://");
    std::string name = has_name ? text.substr(0, equals) : "default";
    if (!native::config::is_plain_name(name)) {
      problems.add("--upstream",
                   "has a name with other characters than letters, digits, - _ and .");
      draft.unclear.insert("upstreams");
      continue;
    }
    draft.upstream_names.insert(name);
    UpstreamUrl url =
        parse_upstream_url(std::move(name), has_name ? text.substr(equals + 1) : text);
    Login found{url.username, url.password};
    if (url.problem.empty() && !found.is_empty() && (!line.local || line.upstreams.size() > 1)) {
      url.problem =
          "has a user or a password; these belong to profiles, except with --local and "
          "one --upstream";
    }
    if (url.problem.empty() && !url.upstream.is_cluster && !url.upstream.seeds.empty()) {
      url.problem =
          "has several addresses; expected one, or valkey+cluster:// if they are nodes "
          "of a cluster";
    }
    if (!url.problem.empty()) {
      problems.add("--upstream", url.problem);
      continue;
    }
    put_upstream(std::move(url.upstream), draft.config.upstreams, problems);
    login = std::move(found);
  }
  return login;
}

void add_profile(const CommandLine& line, Login login, ConfigDraft& draft, Problems& problems) {
  if (line.allow.empty() && !line.local) return;
  Config& config = draft.config;
  Profile profile;
  profile.name = line.local ? "local" : "default";
  profile.rules.allow = line.allow;
  for (const std::string& rule : line.allow) {
    const std::string problem = problem_of_rule(rule);
    if (!problem.empty()) problems.add("--allow", problem + suggestion_for_rule(rule));
  }
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
  if (!draft.profile_names.insert(profile.name).second) {
    const std::string option = line.local ? "--local" : "--allow";
    problems.add(option, "creates a profile that the file already has: " + profile.name);
  }
  config.profiles.push_back(std::move(profile));
}

void read_tokens(ConfigDraft& draft, Problems& problems) {
  const std::string& file = draft.tokens_file;
  if (file.empty()) return;
  const std::size_t before = problems.count();
  const auto text = native::config::read_bounded_file(file, tokens_file_bytes_max);
  if (text) {
    StaticTokens read = parse_static_tokens(*text);
    for (const TokenProblem& each : read.problems) {
      problems.add({.file = file, .line = each.line}, each.text);
    }
    problems.add_more(read.problems_count - read.problems.size());
    std::move(read.tokens.begin(), read.tokens.end(),
              std::back_inserter(draft.config.static_tokens));
  } else {
    problems.add(draft.places.of("tokens_file"), text.error().text());
  }
  if (problems.count() > before) draft.unclear.insert("tokens_file");
}

}  // namespace

ReadConfig read_config(const CommandLine& line) {
  ReadConfig read;
  ConfigDraft& draft = read.draft;
  Problems& problems = read.problems;
  if (!line.config_file.empty()) {
    problems.begin_file(line.config_file);
    draft = read_config_file(line.config_file, problems);
  }
  // The default address has no place yet.
  draft.listen_places.resize(draft.config.listen.size(), draft.places.of("listen"));
  if (!line.tokens_file.empty()) {
    draft.tokens_file = line.tokens_file;
    draft.unclear.erase("tokens_file");
    draft.places.replace("tokens_file", "--token-file");
  }
  override_addresses(line, draft, problems);
  Login login = add_upstreams(line, draft, problems);
  read_tokens(draft, problems);
  add_profile(line, std::move(login), draft, problems);
  check_config(draft, problems);
  check_shared_upstreams(draft, problems);
  read.has_usable_tokens = problems.empty();
  check_clients(draft, problems);
  return read;
}

}  // namespace plimsoll::bridge
