#include "plimsoll/native/bridge/shared/shared_clients.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/native/bridge/stream/dial.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/nodes.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;

// A node of a cluster may name any address, so what a name may not stand for, it may not name.
const char* reason_against(const asio::ip::address& address) {
  return may_be_resolved_to(address)
             ? nullptr
             : "link-local addresses, and clouds' addresses for metadata, have to be in the "
               "configuration themselves";
}

// The value of "field:value" on a line of INFO. Empty: there is none.
std::string_view info_value(std::string_view info, std::string_view field) {
  for (std::size_t at = 0; at < info.size();) {
    const std::size_t end = std::min(info.find("\r\n", at), info.size());
    const std::string_view line = info.substr(at, end - at);
    if (line.size() > field.size() && line.starts_with(field) && line[field.size()] == ':') {
      return line.substr(field.size() + 1);
    }
    at = end + 2;
  }
  return {};
}

// A user may lack the right to INFO; then the clients get to know only that it is some Valkey.
ServerIdentity identity_of(const native::Result<std::string>& info) {
  ServerIdentity identity;
  if (!info) return identity;
  const std::string_view valkey = info_value(*info, "valkey_version");
  const std::string_view redis = info_value(*info, "redis_version");
  if (valkey.empty() && !redis.empty()) identity.name = "redis";
  if (!valkey.empty() || !redis.empty()) identity.version = valkey.empty() ? redis : valkey;
  return identity;
}

DialProblem problem_of(const native::Error& error) {
  const bool is_refused = error.code() == ErrorCode::authentication_failed ||
                          error.code() == ErrorCode::permission_denied;
  return {.what = error.what(), .is_refused_login = is_refused};
}

}  // namespace

void SharedClients::open(const SharedServer& server, const Profile& profile, bool is_resp3,
                         Opened opened) {
  if (is_over_) return opened(nullptr, {.what = "the bridge is shutting down"});
  const Key key{&server, profile.username, profile.password, is_resp3};
  const auto found = clients_.find(key);
  if (found != clients_.end() && *found->second.is_closed && found->second.client) {
    clients_.erase(found);
  }
  Entry& entry = clients_[key];
  if (entry.client) return opened(entry.client, {});
  entry.waiting.push_back(std::move(opened));
  if (entry.waiting.size() == 1) connect(key);
}

void SharedClients::connect(const Key& key) {
  native::Options options = key.server->options;
  options.username = key.username;
  options.password = key.password;
  options.protocol = key.is_resp3 ? native::Protocol::resp3 : native::Protocol::resp2;
  options.on_connection = [is_closed = clients_[key].is_closed](const auto& event) {
    if (event.kind == native::ConnectionEvent::Kind::closed) *is_closed = true;
  };
  const auto when_connected = [self = self_, key](native::Result<native::Client> connected) {
    if (*self == nullptr || !(*self)->clients_.contains(key)) return;
    if (!connected) return (*self)->finish(key, nullptr, problem_of(connected.error()));
    (*self)->ask_identity(key, *std::move(connected));
  };
  auto handler = asio::bind_cancellation_slot(clients_[key].giving_up->slot(), when_connected);
  using Operation = native::CallbackOperation<native::Client, decltype(handler)>;
  native::detail::connect(executor_, key.server->url, std::move(options),
                          Operation::create(std::move(handler), executor_), reason_against);
}

void SharedClients::ask_identity(const Key& key, native::Client client) {
  const auto shared = std::make_shared<native::Client>(std::move(client));
  const auto when_known = [self = self_, key, shared](const native::Result<std::string>& info) {
    if (*self == nullptr) return;
    SharedClients& all = **self;
    all.finish(key,
               std::make_shared<SharedClient>(std::move(*shared), identity_of(info), key.is_resp3,
                                              all.account_, all.counters(*key.server),
                                              all.threads_.unread()),
               {});
  };
  auto handler = asio::bind_cancellation_slot(clients_[key].giving_up->slot(), when_known);
  const native::Words words{"INFO", "server"};
  if (key.server->options.topology == TopologyChoice::cluster) {
    shared->at(native::NodeRoute::any_primary()).command<std::string>(words, std::move(handler));
  } else {
    shared->command<std::string>(words, std::move(handler));
  }
}

void SharedClients::finish(const Key& key, std::shared_ptr<SharedClient> client,
                           const DialProblem& problem) {
  const auto found = clients_.find(key);
  if (found == clients_.end()) return;  // closed meanwhile
  const std::vector<Opened> waiting = std::exchange(found->second.waiting, {});
  if (client) {
    found->second.client = client;
  } else {
    clients_.erase(found);
  }
  for (const Opened& each : waiting) each(client, problem);
}

asio::awaitable<DialProblem> SharedClients::reach(const SharedServer& server,
                                                  const Profile& profile) {
  using Handler = asio::any_completion_handler<void(DialProblem)>;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(DialProblem)>(
      [&](Handler handler) {
        const auto waiting = std::make_shared<Handler>(std::move(handler));
        open(server, profile, true,
             [this, waiting](const std::shared_ptr<SharedClient>&, const DialProblem& problem) {
               asio::post(executor_, asio::append(std::move(*waiting), problem));
             });
      },
      asio::use_awaitable);
}

bool SharedClients::is_connected(const SharedServer& server) const {
  return std::ranges::any_of(clients_, [&server](const auto& each) {
    const auto& [key, entry] = each;
    return key.server == &server && entry.client != nullptr && entry.client->is_connected();
  });
}

void SharedClients::close() {
  is_over_ = true;
  const auto closed = std::exchange(clients_, {});
  for (const auto& [key, entry] : closed) {
    if (entry.client) entry.client->close();
    for (const Opened& each : entry.waiting) each(nullptr, {.what = "the bridge is shutting down"});
    entry.giving_up->emit(asio::cancellation_type::terminal);
  }
}

void SharedClients::check() {
  for (const auto& [key, entry] : clients_) {
    if (entry.client) entry.client->hub().check();
  }
  for (const auto& [name, used] : used_) {
    if (used.tracking) used.tracking->check();
  }
}

SharedClients::Used& SharedClients::used(const SharedServer& server) {
  Used& used = used_[server.name];
  used.server = &server;
  return used;
}

SharedCounters& SharedClients::counters(const SharedServer& server) {
  return used(server).counters;
}

TrackingHub* SharedClients::tracking(const SharedServer& server) {
  const auto& cache = server.options.client_side_cache;
  if (!cache) return nullptr;
  std::unique_ptr<TrackingHub>& hub = used(server).tracking;
  const bool is_cluster = server.options.topology == TopologyChoice::cluster;
  if (!hub) {
    hub = std::make_unique<TrackingHub>(executor_, threads_.hubs_at(cache), is_cluster, account_,
                                        threads_.memory_of_thread());
  }
  return hub.get();
}

std::map<std::string, SharedCounters> SharedClients::all_counters() const {
  std::map<std::string, SharedCounters> all;
  for (const auto& [name, used] : used_) {
    SharedCounters& now = all.emplace(name, used.counters).first->second;
    for (const auto& [key, entry] : clients_) {
      if (key.server != used.server || !entry.client) continue;
      now.channels += entry.client->hub().statistics().names;
    }
    if (used.tracking) {
      const TrackingHub::Statistics tracking = used.tracking->statistics();
      now.tracking_sessions = tracking.listeners;
      now.tracked_keys = tracking.keys;
      now.tracked_invalidations = tracking.invalidations;
      now.tracked_flushes = tracking.flushes;
      now.tracking_away = tracking.away;
      now.tracking_resumed = tracking.resumed;
      now.tracking_not_resumed = tracking.not_resumed;
    }
    const auto& cache = used.server->options.client_side_cache;
    if (!cache) continue;
    if (const auto statistics = cache->cache_statistics()) {
      now.cache_hits = statistics->hits;
      now.cache_misses = statistics->lookups - statistics->hits;
      now.cache_invalidations = statistics->invalidations;
      now.cache_entries = statistics->entries;
      now.cache_bytes = statistics->bytes_committed;
    }
  }
  return all;
}

}  // namespace plimsoll::bridge
