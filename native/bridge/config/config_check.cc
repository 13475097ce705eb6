#include "plimsoll/native/bridge/config/config_check.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <string>

namespace plimsoll::bridge {
namespace {

constexpr std::string_view whole = "configuration";

bool is_for_this_machine_alone(const Config& config) {
  const bool has_proxy =
      config.behind_proxy || config.proxy_protocol || !config.trusted_proxies.empty();
  return !has_proxy && std::all_of(config.listen.begin(), config.listen.end(),
                                   [](const auto& each) { return each.is_loopback(); });
}

void check_unsafe(const Config& config, Problems& problems) {
  if (is_for_this_machine_alone(config)) return;
  for (const Profile& profile : config.profiles) {
    if (profile.rules.allow_unsafe.empty()) continue;
    problems.add("profiles." + profile.name + ".allow_unsafe",
                 "lets every holder of a token disconnect or pause all other clients of the "
                 "server, so it is only for tests on this machine; expected only loopback "
                 "addresses in listen, and no proxy in front");
  }
}

void check_listening(const Config& config, Problems& problems) {
  if (config.listen.empty()) problems.add(whole, "listen is empty; expected at least one address");
  const bool has_tls = !config.certificate_file.empty();
  for (const ListenAddress& address : config.listen) {
    if (address.is_loopback() || has_tls || config.behind_proxy) continue;
    problems.add("listen", address.to_string() +
                               " can be reached from other machines, and without TLS tokens would "
                               "be sent in plaintext; expected [tls] with certificate_file and "
                               "key_file, or behind_proxy = true if a proxy terminates TLS");
  }
  for (const std::string& file : {config.certificate_file, config.key_file}) {
    if (file.empty() || ::access(file.c_str(), R_OK) == 0) continue;
    problems.add("tls", file + ": " + std::strerror(errno));
  }
  if (!config.local_token.empty() && !std::all_of(config.listen.begin(), config.listen.end(),
                                                  [](const auto& a) { return a.is_loopback(); })) {
    problems.add("--local", "is for this machine only; expected a loopback address for --listen");
  }
}

void check_profiles(const ConfigDraft& draft, Problems& problems) {
  const Config& config = draft.config;
  std::set<std::string> upstreams;
  std::set<std::string> profiles;
  for (const Upstream& upstream : config.upstreams) upstreams.insert(upstream.name);
  for (std::size_t i = 0; i < config.profiles.size(); ++i) {
    const Profile& profile = config.profiles[i];
    const bool is_new = profiles.insert(profile.name).second;
    if (!is_new)
      problems.add("--allow", "creates a profile that the file already has: " + profile.name);
    if (profile.upstream.empty() || upstreams.contains(profile.upstream)) continue;
    const bool in_file = i < draft.upstream_places.size();
    problems.add(in_file ? draft.upstream_places[i] : "upstream",
                 "names an unknown upstream; expected one of [upstreams.NAME]");
  }
  for (const StaticToken& token : config.static_tokens) {
    if (profiles.contains(token.profile)) continue;
    problems.add(draft.tokens_file, "names an unknown profile: " + token.profile);
  }
}

// Reports a missing upstream, token or profile, and which option or setting adds it.
void check_presence(const Config& config, Problems& problems) {
  if (config.upstreams.empty()) {
    problems.add(whole,
                 "no server to connect to: give --upstream valkey://HOST:PORT, or [upstreams.NAME] "
                 "with a url in the file");
  }
  if (config.static_tokens.empty() && config.jwt_key_files.empty()) {
    problems.add(whole,
                 "no client could connect: give --local to try the bridge on this machine, or a "
                 "tokens_file or [[jwt_keys]]");
  } else if (config.profiles.empty()) {
    problems.add(whole,
                 "each token needs a profile, and there is no profile: give --allow, or "
                 "[profiles.NAME] in the file");
  }
}

}  // namespace

void check_config(const ConfigDraft& draft, Problems& problems) {
  if (!problems.empty()) return;
  check_presence(draft.config, problems);
  check_listening(draft.config, problems);
  check_unsafe(draft.config, problems);
  if (problems.empty()) check_profiles(draft, problems);
}

}  // namespace plimsoll::bridge
