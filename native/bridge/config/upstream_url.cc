#include "plimsoll/native/bridge/config/upstream_url.h"

#include <cstddef>
#include <string_view>
#include <utility>

namespace plimsoll::bridge {
namespace {

constexpr std::string_view schemes =
    "valkey://, valkeys://, valkey+cluster://, valkeys+cluster:// or unix://";

std::string with_schemes(std::string text) { return text.append(schemes); }

// The client knows more kinds of URLs than an upstream may have.
std::string plain_url_problem(std::string_view text) {
  constexpr std::string_view begin = "url: ";
  if (text.starts_with(begin)) text.remove_prefix(begin.size());
  if (text.starts_with("scheme is")) return with_schemes("has an unknown scheme; expected ");
  if (text.starts_with("no scheme")) return with_schemes("has no scheme; expected ");
  return std::string(text);
}

// Why the client could connect to the target, and an upstream cannot be it. Empty: it can.
std::string problem_of_target(const native::Target& target) {
  const std::string expected = "; expected a server or a cluster: ";
  if (!target.primary_name.empty()) return with_schemes("names sentinels" + expected);
  if (target.endpoints.front().kind == native::Endpoint::Kind::websocket) {
    return with_schemes("is the URL of a bridge" + expected);
  }
  const native::Options& options = target.options;
  if (options.database != 0 || !options.client_name.empty() ||
      options.protocol != native::Options().protocol) {
    return "sets database, client_name or protocol, which each client chooses itself";
  }
  return {};
}

}  // namespace

UpstreamUrl parse_upstream_url(std::string name, const std::string& url) {
  UpstreamUrl all;
  all.upstream.name = std::move(name);
  const auto target = native::parse_url(url, {});
  all.problem = target ? problem_of_target(*target) : plain_url_problem(target.error().text());
  if (!all.problem.empty()) return all;
  Upstream& upstream = all.upstream;
  upstream.endpoint = target->endpoints.front();
  upstream.tls = target->options.tls;
  upstream.is_cluster = target->is_cluster;
  upstream.shares_connections = target->is_cluster;
  for (std::size_t i = 1; i < target->endpoints.size(); ++i) {
    upstream.seeds.push_back(target->endpoints[i].to_string());
  }
  all.username = target->options.username;
  all.password = target->options.password;
  return all;
}

}  // namespace plimsoll::bridge
