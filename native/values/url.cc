#include <algorithm>
#include <optional>

#include "plimsoll/core/cluster/seeds.h"
#include "plimsoll/native/base/to_number.h"
#include "plimsoll/native/websocket/protocol.h"
#include "plimsoll/options.h"

namespace plimsoll::inline v0::native {
namespace {

Error invalid(std::string_view text) {
  return Error(ErrorCode::invalid_option, Executed::no, text);
}

// Enough for the name of a bridge's upstream, behind the path of a proxy in front of the bridge.
constexpr std::size_t upstream_path_bytes_max = 1024;

// The port of a sentinel, as Valkey's documentation has it.
constexpr std::uint16_t sentinel_port = 26379;

// A port that no address can have.
constexpr std::uint16_t no_port = 0;

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

// Quotes a part of an address for an error text, but only a short plain word. Anything else could
// be part of a secret that was not escaped.
std::string quote(std::string_view text) {
  const bool plain = text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
                     });
  return plain ? " \"" + std::string(text) + "\"" : " not what it should be";
}

// Removes and returns the front of `text` up to `separator`, and removes the separator. Without a
// separator, takes all of `text`.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view front = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return front;
}

Result<void> read_credentials(std::string_view text, Options& options) {
  const bool has_password = text.find(':') != text.npos;
  const std::string_view user = take_until(text, ':');
  const auto username = percent_decode(user);
  const auto password = percent_decode(text);
  if (!username) return invalid("url: user has a % that is not followed by two hex digits");
  if (!password) return invalid("url: password has a % that is not followed by two hex digits");
  if (!user.empty()) options.username = *username;
  if (has_password) options.password = *password;
  return {};
}

Result<void> read_database(std::string_view text, Target& target) {
  const auto database = to_number<std::uint32_t>(text);
  if (!database) {
    return invalid("url: database is" + quote(text) + "; expected a number such as 0");
  }
  if (target.is_cluster && *database != 0) {
    return invalid("url: database is" + quote(text) + "; expected 0, the only one of a cluster");
  }
  target.options.database = *database;
  return {};
}

Result<void> read_parameter(std::string_view text, Target& target) {
  Options& options = target.options;
  const std::string_view name = take_until(text, '=');
  if (name == "database") return read_database(text, target);
  if (name == "client_name") {
    const auto client_name = percent_decode(text);
    if (!client_name) {
      return invalid("url: client_name has a % that is not followed by two hex digits");
    }
    options.client_name = *client_name;
    return {};
  }
  if (name == "protocol") {
    if (text != "2" && text != "3") {
      return invalid("url: protocol is" + quote(text) + "; expected 2 or 3");
    }
    options.protocol = text == "2" ? Protocol::resp2 : Protocol::resp3;
    return {};
  }
  if (name == "token") {
    return invalid(
        "url: a token has no place in an address, which logs keep; expected "
        "Options::token");
  }
  return invalid("url: unknown parameter; expected database, client_name or protocol");
}

Result<void> read_parameters(std::string_view text, Target& target) {
  while (!text.empty()) {
    if (auto done = read_parameter(take_until(text, '&'), target); !done) return done;
  }
  return {};
}

// Removes user and password from `text`, up to the last @, and reads them.
Result<void> take_credentials(std::string_view& text, Options& options) {
  const std::size_t at = text.rfind('@');
  if (at == text.npos) return {};
  const std::string_view credentials = text.substr(0, at);
  text.remove_prefix(at + 1);
  return read_credentials(credentials, options);
}

// Reads "host[:port]" into `endpoint`. `option`: what the address is a part of.
Result<void> read_host_and_port(std::string_view text, const std::string& option,
                                Endpoint& endpoint) {
  std::string_view port;
  if (text.starts_with('[')) {
    text.remove_prefix(1);
    const std::size_t close = text.find(']');
    if (close == text.npos) return invalid(option + ": host begins with [ and has no ]");
    endpoint.host = text.substr(0, close);
    port = text.substr(close + 1);
    if (!port.empty() && port.front() != ':') {
      return invalid(option + ": expected : and a port behind ]");
    }
    if (!port.empty()) port.remove_prefix(1);
  } else {
    endpoint.host = take_until(text, ':');
    port = text;
  }
  if (endpoint.host.empty())
    return invalid(option + ": host is empty; expected a name or an address");
  if (port.empty()) return {};
  const auto number = to_number<std::uint16_t>(port);
  if (!number || *number == 0) {
    // If the port is no number, it may be a password in the wrong place: the error must not quote
    // it.
    const bool is_number = port.find_first_not_of("0123456789") == port.npos;
    const std::string shown = is_number ? quote(port) : " no number";
    return invalid(option + ": port is" + shown + "; expected 1 to 65535");
  }
  endpoint.port = *number;
  return {};
}

// Reads "host[:port],host[:port]...", and Options::seeds. `usual` has what all addresses share.
Result<void> read_addresses(std::string_view text, const Endpoint& usual, Target& target,
                            std::uint32_t count_max = seeds_max) {
  const auto add = [&](std::string_view address, const char* option) -> Result<void> {
    if (target.endpoints.size() == count_max) {
      return invalid(std::string(option) + ": there are too many addresses; expected " +
                     std::to_string(count_max) + " at most, those of url and seeds together");
    }
    return read_host_and_port(address, option, target.endpoints.emplace_back(usual));
  };
  for (auto commas = std::count(text.begin(), text.end(), ','); commas >= 0; --commas) {
    if (auto done = add(take_until(text, ','), "url"); !done) return done;
  }
  for (const std::string& seed : target.options.seeds) {
    // Not quoted: it may have a password.
    if (seed.find_first_of("@/?,") != seed.npos) {
      return invalid("seeds: an address has more than host[:port]; the url has all else");
    }
    if (auto done = add(seed, "seeds"); !done) return done;
  }
  return {};
}

Result<Target> parse_unix(std::string_view rest, Target target) {
  if (!target.options.seeds.empty()) {
    return invalid("url: a unix socket is the only address; expected no seeds");
  }
  Endpoint& endpoint = target.endpoints.emplace_back();
  endpoint.kind = Endpoint::Kind::unix_socket;
  std::string_view authority = rest.substr(0, rest.find('/'));
  rest.remove_prefix(authority.size());
  if (auto done = take_credentials(authority, target.options); !done) return done.error();
  if (!authority.empty()) {
    return invalid("url: unix:// is followed by a host; expected a path, which begins with /");
  }
  endpoint.path = take_until(rest, '?');
  // sun_path has 108 bytes, the last of which is zero.
  if (!endpoint.path.starts_with('/') || endpoint.path.size() > 107) {
    return invalid(
        "url: path of the unix socket must begin with / and have 107 characters at most");
  }
  if (auto done = read_parameters(rest, target); !done) return done.error();
  return target;
}

// Takes "/name" from the front of `rest`.
Result<void> take_primary_name(std::string_view& rest, Target& target) {
  const std::string_view path = rest.substr(0, rest.find('?'));
  const std::string_view word = path.substr(0, path.find('/', 1));
  const auto name = percent_decode(word.empty() ? word : word.substr(1));
  if (!name) return invalid("url: the name has a % that is not followed by two hex digits");
  if (name->empty()) {
    return invalid(
        "url: the name of the primary is missing; expected valkey+sentinel://host:port/name, where "
        "the sentinels have `sentinel monitor name`");
  }
  target.primary_name = *name;
  rest.remove_prefix(word.size());
  return {};
}

enum class Named { servers, sentinels };

Result<Target> parse_tcp(std::string_view rest, Target target, Named named = Named::servers) {
  const bool are_sentinels = named == Named::sentinels;
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  if (rest.find('@') != rest.npos) {
    return invalid("url: user or password has a / or ? that is not escaped; expected %2F or %3F");
  }
  if (auto done = take_credentials(authority, target.options); !done) return done.error();
  Endpoint usual;
  if (are_sentinels) usual.port = sentinel_port;
  const std::uint32_t count_max = are_sentinels ? sentinels_max : seeds_max;
  if (auto done = read_addresses(authority, usual, target, count_max); !done) return done.error();
  if (are_sentinels) {
    if (auto done = take_primary_name(rest, target); !done) return done.error();
  }
  std::string_view database = take_until(rest, '?');
  if (database.starts_with('/')) database.remove_prefix(1);
  if (!database.empty()) {
    if (auto done = read_database(database, target); !done) return done.error();
  }
  if (auto done = read_parameters(rest, target); !done) return done.error();
  return target;
}

bool is_default(const TlsOptions& tls) {
  const TlsOptions none;
  const auto& [enabled, ca_file, ca_directory, certificate_file, key_file, key_password,
               ask_key_password, server_name, verify, min_version, ciphers, ciphersuites] = tls;
  return ca_file.empty() && ca_directory.empty() && certificate_file.empty() && key_file.empty() &&
         key_password.empty() && !ask_key_password && server_name.empty() &&
         verify == none.verify && min_version == none.min_version && ciphers.empty() &&
         ciphersuites.empty();
}

Result<Target> parse_cluster(std::string_view rest, Target target) {
  target.is_cluster = true;
  return parse_tcp(rest, std::move(target));
}

Result<Target> parse_sentinels_with_tls(std::string_view rest, Target target) {
  Options& options = target.options;
  options.tls.enabled = true;
  if (is_default(options.sentinel_tls)) options.sentinel_tls = options.tls;
  options.sentinel_tls.enabled = true;
  return parse_tcp(rest, std::move(target), Named::sentinels);
}

// Whether `c` may be in the path of an http address (RFC 3986, section 3.3), except @. Escapes stay
// as they are: the bridge decodes them.
bool is_path_letter(char c) {
  constexpr std::string_view others = "-._~!$&'()*+,;=:/%";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         others.find(c) != others.npos;
}

Result<Target> parse_websocket(std::string_view rest, Target target) {
  Endpoint endpoint;
  endpoint.kind = Endpoint::Kind::websocket;
  endpoint.port = target.options.tls.enabled ? websocket::tls_port : websocket::plain_port;
  if (rest.find('@') != rest.npos) {
    return invalid("url: a bridge takes no user and password; expected Options::token");
  }
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  endpoint.path = take_until(rest, '?');
  if (endpoint.path.empty()) endpoint.path = "/";
  if (endpoint.path.size() > upstream_path_bytes_max ||
      !std::all_of(endpoint.path.begin(), endpoint.path.end(), is_path_letter)) {
    return invalid("url: path is not what it should be; expected the name of an upstream, " +
                   std::to_string(upstream_path_bytes_max) + " characters at most");
  }
  if (auto done = read_addresses(authority, endpoint, target); !done) return done.error();
  // The host becomes part of a line of the HTTP request, so it must not contain a line break.
  for (const Endpoint& each : target.endpoints) {
    if (!std::all_of(each.host.begin(), each.host.end(), is_path_letter)) {
      return invalid("url: host has a special character; expected a name or an address");
    }
  }
  if (auto done = read_parameters(rest, target); !done) return done.error();
  return target;
}

Result<Target> parse_by_scheme(std::string_view url, Options options) {
  Target target;
  target.options = std::move(options);
  const std::size_t colon = url.find("://");
  if (colon == url.npos) {
    return invalid("url: no scheme; expected valkey://, valkeys://, unix://, ws:// or wss://");
  }
  const std::string_view scheme = url.substr(0, colon);
  const std::string_view rest = url.substr(colon + 3);
  if (scheme == "unix") return parse_unix(rest, std::move(target));
  if (scheme == "valkey" || scheme == "redis") return parse_tcp(rest, std::move(target));
  if (scheme == "valkeys" || scheme == "rediss") {
    target.options.tls.enabled = true;
    return parse_tcp(rest, std::move(target));
  }
  if (scheme == "valkey+sentinel" || scheme == "redis+sentinel") {
    return parse_tcp(rest, std::move(target), Named::sentinels);
  }
  if (scheme == "valkeys+sentinel" || scheme == "rediss+sentinel") {
    return parse_sentinels_with_tls(rest, std::move(target));
  }
  if (scheme == "valkey+cluster" || scheme == "redis+cluster") {
    return parse_cluster(rest, std::move(target));
  }
  if (scheme == "valkeys+cluster" || scheme == "rediss+cluster") {
    target.options.tls.enabled = true;
    return parse_cluster(rest, std::move(target));
  }
  if (scheme == "ws") return parse_websocket(rest, std::move(target));
  if (scheme == "wss") {
    target.options.tls.enabled = true;
    return parse_websocket(rest, std::move(target));
  }
  return invalid("url: scheme is" + quote(scheme) +
                 "; expected valkey, valkeys, redis, rediss, valkey+sentinel, valkeys+sentinel, "
                 "valkey+cluster, valkeys+cluster, unix, ws or wss");
}

// What the URL says and what Options::topology says have to agree.
Result<void> apply_topology(Target& target) {
  const Endpoint::Kind kind = target.endpoints.front().kind;
  switch (target.options.topology) {
    case TopologyChoice::automatic: return {};
    case TopologyChoice::standalone:
      if (!target.is_cluster) return {};
      return invalid(
          "topology is standalone, and the address is that of a cluster; expected valkey:// or "
          "valkeys://");
    case TopologyChoice::cluster: break;
  }
  const char* named = nullptr;
  if (!target.primary_name.empty()) named = "sentinels";
  if (kind == Endpoint::Kind::unix_socket) named = "a unix socket";
  if (kind == Endpoint::Kind::websocket) named = "a bridge";
  if (named != nullptr) {
    return invalid("topology is cluster, and the address is that of " + std::string(named) +
                   "; expected valkey:// or valkeys:// and the addresses of nodes");
  }
  target.is_cluster = true;
  return {};
}

}  // namespace

std::string Endpoint::authority(std::uint16_t usual_port) const {
  const bool bracketed = host.find(':') != host.npos;
  std::string text = bracketed ? "[" + host + "]" : host;
  if (port != usual_port) text += ":" + std::to_string(port);
  return text;
}

std::string Endpoint::to_string() const {
  if (kind == Kind::unix_socket) return "unix:" + path;
  return authority(no_port) + (kind == Kind::websocket ? path : "");
}

Result<Target> parse_url(std::string_view url, Options options) {
  Result<Target> target = parse_by_scheme(url, std::move(options));
  if (target) {
    if (auto done = apply_topology(*target); !done) return done.error();
  }
  return target;
}

}  // namespace plimsoll::inline v0::native
