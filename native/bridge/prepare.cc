#include "plimsoll/native/bridge/prepare.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include <boost/asio/ip/address.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/native/bridge/shared_upstream.h"

namespace plimsoll::bridge {
namespace {

using TlsContextResult = native::Result<std::unique_ptr<native::TlsContext>>;

native::TlsContext* keep(TlsContextResult made, const std::string& whose, Prepared& prepared) {
  if (!made) throw std::runtime_error(whose + ": " + made.error().what());
  return prepared.tls.emplace_back(std::move(*made)).get();
}

Policy make_policy(const Profile& profile) {
  auto made = Policy::create(profile.rules);
  if (const auto* problem = std::get_if<RuleProblem>(&made)) {
    throw std::runtime_error("profile " + profile.name + ": " + problem->text);
  }
  return std::get<Policy>(std::move(made));
}

std::unique_ptr<Pages> read_page_files(const std::string& folder) {
  try {
    return std::make_unique<Pages>(folder);
  } catch (const std::runtime_error& problem) {
    throw std::runtime_error("pages.folder: " + std::string(problem.what()));
  }
}

// The schemes by which browsers reach the bridge. A proxy in front may offer either.
std::vector<std::string> page_schemes_of(const Config& config) {
  if (config.behind_proxy) return {"http", "https"};
  return {config.certificate_file.empty() ? "http" : "https"};
}

RelayOptions to_relay_options(const Limits& limits) {
  RelayOptions options;
  options.message_bytes_max = limits.message_bytes_max;
  options.requests.request_bytes_max = limits.request_bytes_max;
  options.requests_ahead_bytes_max = limits.requests_ahead_bytes_max;
  options.ping_interval = limits.ping_interval;
  options.pongs_missed_max = limits.pongs_missed_max;
  options.stall_timeout = limits.stall_timeout;
  options.handshake_timeout = limits.handshake_timeout;
  return options;
}

}  // namespace

Prepared prepare(const Config& config) {
  Prepared prepared;
  for (const Profile& profile : config.profiles) {
    prepared.policies.emplace(profile.name, make_policy(profile));
  }
  Settings& settings = prepared.settings;
  for (const ListenAddress& each : config.listen) {
    settings.listen.emplace_back(boost::asio::ip::make_address(each.host), each.port);
  }
  for (const Upstream& each : config.upstreams) {
    Target target{.endpoint = each.endpoint};
    if (each.tls.enabled) {
      target.tls = keep(native::TlsContext::create(each.tls, each.endpoint.host),
                        "upstreams." + each.name, prepared);
    }
    if (each.shares_connections) {
      target.shared = std::make_shared<const SharedServer>(
          to_shared_server(each, config.limits, config.threads));
    }
    settings.rules.upstreams.emplace(each.name, std::move(target));
  }
  settings.rules.origins = config.origins;
  settings.rules.hosts = config.hosts;
  settings.limits = {
      .connections_max = config.limits.connections_max,
      .connections_per_address_max = config.limits.connections_per_address_max,
      .upgrades_per_second_per_address = config.limits.upgrades_per_second_per_address,
      .commands_per_second_per_token = config.limits.commands_per_second_per_token,
      .ipv6_prefix_bits = config.limits.ipv6_prefix_bits};
  settings.relay = to_relay_options(config.limits);
  settings.entry.handshake_timeout = config.limits.handshake_timeout;
  settings.entry.proxy_protocol = config.proxy_protocol;
  settings.entry.trusted_proxies = config.trusted_proxies;
  if (!config.certificate_file.empty()) {
    native::TlsOptions tls;
    tls.certificate_file = config.certificate_file;
    tls.key_file = config.key_file;
    settings.entry.tls = keep(native::TlsContext::create_server(tls), "tls", prepared);
  }
  if (!config.pages_folder.empty()) {
    prepared.pages = read_page_files(config.pages_folder);
    settings.pages = prepared.pages.get();
    settings.entry.has_pages = true;
    settings.rules.page_schemes = page_schemes_of(config);
  }
  settings.connect_timeout = config.limits.connect_timeout;
  settings.behind_proxy = config.behind_proxy;
  return prepared;
}

native::Result<void> make_caches(const Config& config, Prepared& prepared) {
  for (const Upstream& each : config.upstreams) {
    if (!each.cache) continue;
    auto cache = native::ClientSideCache::create(to_cache_options(*each.cache));
    if (!cache) {
      return native::Error(
          cache.error().code(), native::Executed::no,
          "upstreams." + each.name + ".cache: " + std::string(cache.error().text()));
    }
    Target& target = prepared.settings.rules.upstreams.at(each.name);
    SharedServer server = *target.shared;
    server.options.client_side_cache = std::move(*cache);
    target.shared = std::make_shared<const SharedServer>(std::move(server));
  }
  return {};
}

}  // namespace plimsoll::bridge
