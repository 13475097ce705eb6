#include "plimsoll/native/bridge/config/config_check.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "plimsoll/native/config/text/nearest.h"

namespace plimsoll::bridge {
namespace {

constexpr std::string_view whole = "configuration";

// How many names a problem lists that would have been right.
constexpr std::size_t names_listed_max = 10;

bool is_for_this_machine_alone(const Config& config) {
  const bool has_proxy =
      config.behind_proxy || config.proxy_protocol || !config.trusted_proxies.empty();
  return !has_proxy && std::all_of(config.listen.begin(), config.listen.end(),
                                   [](const auto& each) { return each.is_loopback(); });
}

void check_unsafe(const ConfigDraft& draft, Problems& problems) {
  const Config& config = draft.config;
  if (is_for_this_machine_alone(config)) return;
  for (const Profile& profile : config.profiles) {
    if (profile.rules.allow_unsafe.empty()) continue;
    problems.add(draft.places.of("profiles." + profile.name + ".allow_unsafe"),
                 "lets every holder of a token disconnect or pause all other clients of the "
                 "server, so it is only for tests on this machine; expected only loopback "
                 "addresses in listen, and no proxy in front");
  }
}

// Whether the system would refuse to listen on both: the same port, and one address includes the
// other. Whether [::] includes IPv4 depends on the system, so that is found out at start.
bool conflict(const ListenAddress& one, const ListenAddress& other) {
  namespace ip = boost::asio::ip;
  if (one.port == 0 || one.port != other.port) return false;
  const auto first = ip::make_address(one.host);
  const auto second = ip::make_address(other.host);
  const auto includes = [](const ip::address& all, const ip::address& single) {
    return all.is_unspecified() && all.is_v6() == single.is_v6();
  };
  return first == second || includes(first, second) || includes(second, first);
}

void check_conflicts(const ConfigDraft& draft, Problems& problems) {
  const std::span<const ListenAddress> all = draft.config.listen;
  const auto find = [](std::span<const ListenAddress> among, const ListenAddress& address) {
    const auto found = std::find_if(among.begin(), among.end(),
                                    [&](const auto& each) { return conflict(each, address); });
    return found == among.end() ? nullptr : &*found;
  };
  for (std::size_t i = 0; i < all.size() && i < listen_max; ++i) {
    const ListenAddress* const earlier = find(all.first(i), all[i]);
    if (earlier == nullptr) continue;
    problems.add(draft.listen_places[i],
                 *earlier == all[i] ? "has " + all[i].to_string() + " twice; expected it once"
                                    : "has " + earlier->to_string() + " and " + all[i].to_string() +
                                          ", of which one includes the other; expected one");
  }
  if (!draft.config.metrics) return;
  const ListenAddress& metrics = *draft.config.metrics;
  const ListenAddress* const other = find(all.first(std::min(all.size(), listen_max)), metrics);
  if (other == nullptr) return;
  problems.add(draft.places.of("metrics"), "is " + metrics.to_string() + ", and listen has " +
                                               other->to_string() + "; expected another port");
}

void check_listening(const ConfigDraft& draft, Problems& problems) {
  const Config& config = draft.config;
  if (config.listen.empty() && !draft.unclear.contains("listen")) {
    problems.add(draft.places.of("listen"), "is empty; expected at least one address");
  }
  const bool has_tls = !config.certificate_file.empty() || draft.unclear.contains("tls");
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    const ListenAddress& address = config.listen[i];
    if (address.is_loopback() || has_tls || config.behind_proxy) continue;
    problems.add(draft.listen_places[i],
                 "has " + address.to_string() +
                     ", which can be reached from other machines, and without TLS tokens would "
                     "be sent in plaintext; expected [tls] with certificate_file and key_file, or "
                     "behind_proxy = true if a proxy terminates TLS");
  }
  if (!config.local_token.empty() && !std::all_of(config.listen.begin(), config.listen.end(),
                                                  [](const auto& a) { return a.is_loopback(); })) {
    problems.add("--local", "is for this machine only; expected a loopback address for --listen");
  }
}

using Names = std::set<std::string, std::less<>>;

// "; expected one of a, b; did you mean b?"
std::string expected_one_of(const Names& names, std::string_view name) {
  std::string text;
  std::size_t count = 0;
  for (const std::string& each : names) {
    if (++count > names_listed_max) break;
    text += (count == 1 ? "; expected one of " : ", ") + each;
  }
  if (count > names_listed_max) text += ", ...";
  const std::vector<std::string_view> known(names.begin(), names.end());
  return text + native::config::suggestion(native::config::nearest(name, known));
}

// Adds a problem with a name that is none of `known`. A suggestion costs a comparison with every
// name, so the problem is only counted if so many were found before that it will not be listed.
void add_unknown(const Place& place, const std::string& what, const Names& known,
                 std::string_view name, Problems& problems) {
  if (problems.count() >= problems_listed_max) return problems.add_more(1);
  problems.add(place, what + expected_one_of(known, name));
}

void check_profiles(const ConfigDraft& draft, Problems& problems) {
  if (draft.upstream_names.empty()) return;  // reported as a whole
  for (const Profile& profile : draft.config.profiles) {
    if (profile.upstream.empty() || draft.upstream_names.contains(profile.upstream)) continue;
    add_unknown(draft.places.of("profiles." + profile.name + ".upstream"),
                "names an unknown upstream", draft.upstream_names, profile.upstream, problems);
  }
}

void check_tokens(const ConfigDraft& draft, Problems& problems) {
  if (draft.profile_names.empty()) return;  // reported as a whole
  for (const StaticToken& token : draft.config.static_tokens) {
    if (draft.profile_names.contains(token.profile)) continue;
    add_unknown({.file = draft.tokens_file, .line = token.line},
                "names an unknown profile: " + token.profile, draft.profile_names, token.profile,
                problems);
  }
}

// Whether there is a token or a key.
bool has_tokens(const Config& config) {
  return !config.static_tokens.empty() || !config.jwt_key_files.empty();
}

// Reports a missing upstream or profile, and which option or setting adds it.
void check_presence(const ConfigDraft& draft, Problems& problems) {
  if (draft.upstream_names.empty() && !draft.unclear.contains("upstreams")) {
    problems.add(whole,
                 "no server to connect to: give --upstream valkey://HOST:PORT, or [upstreams.NAME] "
                 "with a url in the file");
  }
  if (has_tokens(draft.config) && draft.profile_names.empty() &&
      !draft.unclear.contains("profiles")) {
    problems.add(whole,
                 "each token needs a profile, and there is no profile: give --allow, or "
                 "[profiles.NAME] in the file");
  }
}

}  // namespace

void check_config(const ConfigDraft& draft, Problems& problems) {
  check_conflicts(draft, problems);
  if (draft.is_unread) return;  // the file may have whatever seems to be missing
  check_presence(draft, problems);
  check_listening(draft, problems);
  check_unsafe(draft, problems);
  check_profiles(draft, problems);
  check_tokens(draft, problems);
}

void check_clients(const ConfigDraft& draft, Problems& problems) {
  if (draft.is_unread || has_tokens(draft.config)) return;
  if (draft.unclear.contains("jwt_keys") || draft.unclear.contains("tokens_file")) return;
  if (draft.tokens_file.empty()) {
    return problems.add(whole,
                        "no client could connect: give --local to try the bridge on this machine, "
                        "or a tokens_file or [[jwt_keys]]");
  }
  problems.add(draft.places.of("tokens_file"),
               draft.tokens_file +
                   ": has no token, so no client could connect; expected a line "
                   "of --make-token PROFILE");
}

}  // namespace plimsoll::bridge
