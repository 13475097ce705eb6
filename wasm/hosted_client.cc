#include "plimsoll/wasm/hosted_client.h"

#include <algorithm>
#include <new>
#include <utility>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/if_other_servers.h"
#include "plimsoll/core/client/replicas.h"
#include "plimsoll/wasm/copied_texts.h"
#include "plimsoll/wasm/misuse.h"

namespace plimsoll::wasm {
namespace {

// The coarsest clock that a host may have: browsers that resist fingerprinting step by 100 ms, edge
// runtimes by a millisecond. A host does not report its step, so the cache assumes the worst.
constexpr Duration coarsest_clock_step = std::chrono::milliseconds(100);

constexpr Error no_room_for_client{.code = ErrorCode::out_of_memory,
                                   .what = "the memory line has no room for one more client",
                                   .value = sizeof(HostedClient)};

constexpr Error no_room_for_bytes{
    .code = ErrorCode::out_of_memory,
    .what = "the memory line has no room for what the peer would send"};

constexpr Error finds_no_cluster{.code = ErrorCode::invalid_option,
                                 .what = "a client that asks sentinels finds no cluster",
                                 .expected = "standalone as topology"};

constexpr Error has_one_server{
    .code = ErrorCode::invalid_option,
    .what =
        "this is the core of pages: its clients have one server, no sentinels, replicas or nodes",
    .expected = "the address of a bridge, which may lead to a cluster"};

// Whether what a client is to have goes together. Of a cluster that it may find, the core says so.
Status validate_servers(const ClientOptions& options, const HostedServers& servers) {
  const bool reads_replicas = servers.replicas.read_from != ReadFrom::primary;
  const bool is_cluster = servers.topology == TopologyChoice::cluster;
  const bool has_others = options.sentinel != nullptr || reads_replicas || is_cluster;
  if (!may_have_other_servers()) return has_others ? has_one_server : Status();
  if (servers.topology == TopologyChoice::automatic && options.sentinel != nullptr) {
    return finds_no_cluster;
  }
  if (is_cluster) return validate(servers.cluster, options);
  return reads_replicas ? validate(servers.replicas, options) : Status();
}

Error overrun(std::size_t bytes, std::size_t granted) {
  return Error{.code = ErrorCode::protocol_error,
               .what = "the peer has sent more than it was granted",
               .value = bytes,
               .limit = granted};
}

}  // namespace

Result<HostedClient*> HostedClient::create(Budget& budget, const ClientOptions& options,
                                           const HostedServers& servers, HostedCache* cache,
                                           std::string_view source) {
  ClientOptions own = options;
  ReplicaOptions read = servers.replicas;
  ClusterOptions cluster = servers.cluster;
  const bool is_cluster = servers.topology == TopologyChoice::cluster;
  const bool reads_replicas = read.read_from != ReadFrom::primary && !is_cluster;
  if (cache != nullptr) own.tracking = cache->tracking();
  own.primary_only |= reads_replicas;
  if (const Status valid = validate(own); !valid) return valid.error();
  if (const Status valid = validate_servers(own, servers); !valid) {
    return valid.error();
  }
  SentinelOptions sentinel;
  if (own.sentinel != nullptr) sentinel = *own.sentinel;
  Result<Client::Accounts> accounts = Client::open_accounts(budget);
  if (!accounts) return accounts.error();

  Account& connections = *accounts->connections;
  const std::size_t footprint = budget.source().block_footprint(sizeof(HostedClient));
  Cost cost{.own = Charge(connections), .texts = {}};
  if (!cost.own.grow(footprint - sizeof(Client))) return no_room_for_client;

  CopiedTexts texts;
  std::string_view* const copied[] = {
      &own.username,      &own.password,      &own.client_name, &sentinel.primary_name,
      &sentinel.username, &sentinel.password, &read.zone};
  for (const std::string_view* text : copied) texts.count(*text);
  texts.count(cluster.seed_hosts);
  if (!texts.allocate(connections)) return no_room_for_client;
  for (std::string_view* text : copied) texts.copy(*text);
  texts.copy(cluster.seed_hosts);
  cost.texts = texts.take();

  void* const place = budget.source().allocate_block(sizeof(HostedClient));
  if (place == nullptr) return no_room_for_client;
  auto* const made = new (place) HostedClient(own, sentinel, *std::move(accounts), std::move(cost));
  made->request_timeout_ = own.request_timeout;
  Status used = own.sentinel != nullptr ? made->client_.use_sentinels() : Status();
  if (used && cache != nullptr) {
    used = made->client_.use_cache(cache->cache(), source, coarsest_clock_step);
  }
  if (used && reads_replicas) used = made->client_.use_replicas(read);
  cluster.replicas.zone = read.zone;
  made->cluster_ = cluster;
  if (used && is_cluster) {
    used = made->client_.use_cluster(cluster);
  }
  if (used && servers.topology == TopologyChoice::automatic)
    made->client_.find_cluster(made->cluster_);
  if (!used) {
    destroy(*made, budget);
    return used.error();
  }
  if (cache == nullptr) return made;
  made->cache_ = cache;
  cache->add_client();
  return made;
}

ClientOptions HostedClient::with_sentinel(ClientOptions options, const SentinelOptions& sentinel) {
  if (options.sentinel != nullptr) options.sentinel = &sentinel;
  return options;
}

HostedClient::~HostedClient() {
  if (cache_ != nullptr) cache_->remove_client();
}

void HostedClient::destroy(HostedClient& client, Budget& budget) {
  const Cost paid_until_the_end = std::move(client.cost_);
  client.~HostedClient();
  budget.source().release_block(&client, sizeof(HostedClient));
}

Status HostedClient::refuse_call() const {
  if (unwritten_deferred_ > 0) {
    return misuse("the deferred words of the last request are not written", unwritten_deferred_, 0);
  }
  return misuse(has_admitted_ ? "a request was admitted, and is not submitted yet"
                              : "poll() has not reported all events yet");
}

Status HostedClient::hold(std::uint64_t bytes) {
  const std::size_t before = kept_by_host_.bytes();
  if (bytes <= before) {
    kept_by_host_.shrink(before - static_cast<std::size_t>(bytes));
    return {};
  }
  const std::uint64_t limit = client_.requests_account().budget().limit(PoolKind::requests);
  if (bytes <= SIZE_MAX && kept_by_host_.grow(static_cast<std::size_t>(bytes) - before)) return {};
  return Error{.code = ErrorCode::rejected_by_limit,
               .what = "the requests pool has no room for what is queued",
               .value = bytes - before,
               .limit = limit};
}

Status HostedClient::abort() {
  if (const Status free = begin_call(); !free) return free;
  client_.abort();
  return {};
}

// It may stage an AUTH, which must not come between an admitted request and its place.
Status HostedClient::set_credentials(const Credentials& credentials) {
  if (const Status free = begin_call(); !free) return free;
  Credentials own = credentials;
  CopiedTexts texts;
  texts.count(own.username);
  texts.count(own.password);
  if (!texts.allocate(client_.requests_account())) return no_room_for_client;
  texts.copy(own.username);
  texts.copy(own.password);
  client_.set_credentials(own);
  credentials_ = texts.take();
  return {};
}

Duration HostedClient::timeout_or(std::optional<Duration> timeout) const {
  return timeout.value_or(request_timeout_);
}

Status HostedClient::note(const Result<RequestId>& request) {
  if (!request) return request.error();
  last_request_ = *request;
  return {};
}

Result<PlimsollOutcome> HostedClient::submit(const CommandView& command, std::uint32_t tag,
                                             std::optional<Duration> timeout,
                                             Duration max_staleness, Instant now) {
  const Duration patience = timeout_or(timeout);
  const Result<RequestId> id = client_.submit(command, now, patience, tag, max_staleness);
  if (id || !client_.may_wait(id.error())) {
    if (const Status staged = note(id); !staged) return staged.error();
    return plimsoll_outcome_staged;
  }
  const Status waits = note(client_.wait_for_room(command, now, patience, tag));
  if (!waits) return waits.error();
  return plimsoll_outcome_waits;
}

Status HostedClient::begin_deferred(const CommandView& command, std::size_t bytes) {
  if (bytes == 0) return {};
  const std::size_t size = encoded_size(command);
  if (size <= plimsoll_deferred_request_bytes_min) {
    return misuse("the request is too short for deferred words", size,
                  plimsoll_deferred_request_bytes_min);
  }
  deferred_request_bytes_ = size;
  unwritten_deferred_ = bytes;
  return {};
}

Result<std::size_t> HostedClient::staged_places(std::size_t offset, std::size_t size,
                                                std::span<std::string_view> spans) {
  const bool is_within =
      offset <= deferred_request_bytes_ && size <= deferred_request_bytes_ - offset;
  if (size > unwritten_deferred_ || !is_within) {
    return misuse("more bytes are to be written than were deferred", size, unwritten_deferred_);
  }
  const std::size_t count = client_.staged_places(last_request_, offset, size, spans);
  for (std::string_view span : spans.first(count)) unwritten_deferred_ -= span.size();
  return count;
}

Status HostedClient::submit_admitted(const CommandView& command, std::uint32_t tag) {
  const Admission::Waiter* const admitted = client_.admitted();
  if (admitted == nullptr) return misuse("no request was admitted");
  const std::size_t size = encoded_size(command);
  const bool blocks = command.block_time != Duration::zero();
  if (size != admitted->bytes || blocks != Admission::is_for_connection(admitted->id)) {
    return misuse("this is not the request that was admitted", size, admitted->bytes);
  }
  has_admitted_ = false;
  last_request_ = client_.submit_admitted(command, tag);
  return {};
}

Status HostedClient::prove(std::uint32_t tag, std::optional<Duration> timeout, Instant now) {
  if (cache_ == nullptr) return misuse("the client has no cache");
  return note(client_.prove(now, timeout_or(timeout), tag));
}

Status HostedClient::cancel(RequestId request, Instant now) {
  const Admission::Waiter* const admitted = client_.admitted();
  if (admitted != nullptr && admitted->id != request) return begin_call();
  client_.cancel(request, now);
  has_admitted_ = false;
  return {};
}

Result<std::uint32_t> HostedClient::note_role(const Result<ConnectionId>& connection, Role role) {
  if (!connection) return connection.error();
  const auto number = static_cast<std::uint32_t>(*connection);
  roles_[number] |= role;
  return number;
}

Result<std::uint32_t> HostedClient::open_exclusive(Instant now) {
  return note_role(client_.open_exclusive(now), Role::exclusive);
}

Status HostedClient::submit_to(std::uint32_t connection, const CommandView& command,
                               std::uint32_t tag, std::optional<Duration> timeout, Instant now) {
  if (const Status found = check(connection, Role::exclusive); !found) return found;
  return note(client_.submit_to(ConnectionId{connection}, command, now, timeout_or(timeout), tag));
}

Status HostedClient::submit_at(const NodeChoice& where, const CommandView& command,
                               std::uint32_t tag, std::optional<Duration> timeout, Instant now) {
  return note(client_.submit_at(where, command, now, timeout_or(timeout), tag));
}

Status HostedClient::release(std::uint32_t connection, Instant now) {
  if (const Status found = check(connection, Role::exclusive); !found) return found;
  roles_[connection] &= static_cast<std::uint8_t>(~Role::exclusive);
  client_.release(ConnectionId{connection}, now);
  return {};
}

Result<std::uint32_t> HostedClient::open_subscription(Instant now) {
  return note_role(client_.open_subscription(now), Role::subscription);
}

Status HostedClient::subscribe(Subscribe what, std::uint32_t connection, std::uint32_t kind,
                               std::span<const std::string_view> names, std::uint32_t tag,
                               std::optional<Duration> timeout, Instant now) {
  if (const Status found = check(connection, Role::subscription); !found) return found;
  if (kind > static_cast<std::uint32_t>(SubscriptionKind::shard)) {
    return misuse("no such kind of subscription", kind);
  }
  const auto id = ConnectionId{connection};
  const auto names_kind = static_cast<SubscriptionKind>(kind);
  const Duration patience = timeout_or(timeout);
  return note(what == Subscribe::begin
                  ? client_.subscribe(id, names_kind, names, now, patience, tag)
                  : client_.unsubscribe(id, names_kind, names, now, patience, tag));
}

Status HostedClient::next_messages(std::uint32_t connection, std::uint32_t messages_max,
                                   std::uint32_t tag, std::optional<Duration> timeout,
                                   Instant now) {
  if (const Status found = check(connection, Role::subscription); !found) return found;
  if (messages_max == 0) return misuse("no messages are wanted");
  // Without a timeout from the caller, the wait for a message has no end: request_timeout does not
  // apply.
  return note(client_.next_messages(ConnectionId{connection}, messages_max, now,
                                    timeout.value_or(Duration::zero()),
                                    tags::of_message_wait(tag)));
}

Status HostedClient::close_subscription(std::uint32_t connection, Instant now) {
  if (const Status found = check(connection, Role::subscription); !found) return found;
  roles_[connection] &= static_cast<std::uint8_t>(~Role::subscription);
  client_.close_subscription(ConnectionId{connection}, now);
  return {};
}

Result<SubscriptionStatistics> HostedClient::subscription_statistics(
    std::uint32_t connection) const {
  if (connection >= connections_max || (roles_[connection] & Role::subscription) == 0) {
    return misuse("no such connection", connection);
  }
  return client_.subscription_statistics(ConnectionId{connection});
}

Result<HostedClient::Connection*> HostedClient::find(std::uint32_t connection) {
  if (Connection* const found = connections_.find(connection)) return found;
  return misuse("no such connection", connection, connections_max - 1);
}

Status HostedClient::check(std::uint32_t connection, Role role) const {
  if (connection >= roles_.size()) {
    return misuse("no such connection", connection, roles_.size() - 1);
  }
  if ((roles_[connection] & role) != 0) return {};
  return misuse("the connection is for something else, or no more", connection);
}

bool HostedClient::is_connected(std::uint32_t connection, const Connection& link) const {
  return link.link == Link::open && client_.is_connected(ConnectionId{connection});
}

Result<std::size_t> HostedClient::handle_opened(std::uint32_t connection, std::uint32_t credits,
                                                Instant now) {
  if (const Status free = begin_call(); !free) return free.error();
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  if ((*found)->link != Link::opening) return misuse("no connection is to be opened");
  const std::size_t granted =
      credits != 0 ? credits_.open(connection, client_.replies_account()) : 0;
  if (credits != 0 && granted == 0) return no_room_for_bytes;
  (*found)->link = Link::open;
  client_.handle_opened(ConnectionId{connection}, now);
  return granted;
}

Status HostedClient::handle_closed(std::uint32_t connection, const Error& reason, Instant now) {
  if (const Status free = begin_call(); !free) return free;
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  if ((*found)->link == Link::none) return misuse("there is no connection that could end");
  (*found)->link = Link::none;
  (*found)->read_space_bytes = 0;
  credits_.end(connection);
  client_.handle_closed(ConnectionId{connection}, reason, now);
  return {};
}

Result<std::span<char>> HostedClient::read_space(std::uint32_t connection, std::size_t waiting) {
  if (const Status free = begin_call(); !free) return free.error();
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  const CreditWindow* const credits = credits_.find(connection);
  const std::size_t granted = credits != nullptr ? credits->granted_bytes() : SIZE_MAX;
  if (waiting > granted) return overrun(waiting, granted);
  std::span<char> space;
  if (is_connected(connection, **found)) space = client_.read_space(ConnectionId{connection});
  space = space.first(std::min(space.size(), granted));
  (*found)->read_space_bytes = static_cast<std::uint32_t>(space.size());
  return space;
}

Result<std::size_t> HostedClient::handle_read(std::uint32_t connection, std::size_t size,
                                              Instant now) {
  if (const Status free = begin_call(); !free) return free.error();
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  Connection& link = **found;
  if (size > link.read_space_bytes) {
    return misuse("more bytes were read than there is room for", size, link.read_space_bytes);
  }
  // The connection may have ended since read_space(). That is not the host's mistake, so this
  // ignores the bytes.
  if (link.read_space_bytes > 0 && is_connected(connection, link)) {
    client_.handle_read(ConnectionId{connection}, size, now);
  }
  link.read_space_bytes = 0;
  CreditWindow* const credits = credits_.find(connection);
  // read_space() gave no more room than was granted, so this cannot fail.
  if (credits == nullptr || !credits->handle_received(size, now)) return std::size_t{0};
  credits->handle_taken(size);
  return credits->poll_grant();
}

Result<std::size_t> HostedClient::poll_transmit(std::uint32_t connection,
                                                std::span<std::string_view> spans) {
  if (const Status free = begin_call(); !free) return free.error();
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  Connection& link = **found;
  if (!is_connected(connection, link)) return std::size_t{0};
  if (link.unwritten_bytes > 0) {
    return misuse("the bytes given last have not been answered by handle_written()",
                  link.unwritten_bytes, 0);
  }
  const std::size_t count = client_.poll_transmit(ConnectionId{connection}, spans);
  for (std::string_view span : spans.first(count)) {
    link.unwritten_bytes += static_cast<std::uint32_t>(span.size());
  }
  return count;
}

Status HostedClient::handle_written(std::uint32_t connection, std::size_t size) {
  if (const Status free = begin_call(); !free) return free;
  const Result<Connection*> found = find(connection);
  if (!found) return found.error();
  Connection& link = **found;
  if (size > link.unwritten_bytes) {
    return misuse("more bytes were written than were given", size, link.unwritten_bytes);
  }
  if (link.unwritten_bytes > 0) client_.handle_written(ConnectionId{connection}, size);
  link.unwritten_bytes = 0;
  return {};
}

// Without room for what the host does with a node's connection, the client waits for it with all
// actions: each request has its time limit, and the end of that leads here again.
std::optional<Action> HostedClient::poll_action() {
  const Cluster* const cluster = client_.cluster();
  const std::uint32_t end = cluster == nullptr ? 0 : cluster->nodes_end();
  if (!connections_.make_room_for_nodes(end, client_.connections_account())) return std::nullopt;
  const std::optional<Action> action = client_.poll_action();
  if (!action) return action;
  Connection& link = *connections_.find(static_cast<std::uint32_t>(action->connection));
  const bool opens = action->kind == Action::Kind::open;
  link.link = opens ? Link::opening : Link::none;
  link.read_space_bytes = 0;
  credits_.end(static_cast<std::uint32_t>(action->connection));
  // After a close, the host may still call handle_written() for bytes that were on their way, until
  // the next connection opens.
  if (opens) link.unwritten_bytes = 0;
  return action;
}

PlimsollMore HostedClient::more() const {
  if (!walk_.is_over()) return plimsoll_more_nodes;
  const bool has_more = held_ || has_admitted_ || lies_outside_;
  return has_more ? plimsoll_more_events : plimsoll_more_nothing;
}

Result<std::uint32_t> HostedClient::poll(Area& area) {
  if (has_admitted_) return begin_call().error();
  walk_ = {};
  lies_outside_ = false;
  for (std::uint32_t count = 0;; ++count) {
    if (!held_) {
      held_ = client_.poll_event();
      if (!held_) return count;
      held_missed_ = {};
      const bool is_message = tags::is_message_wait(held_->tag) && held_->value;
      if (is_message) held_missed_ = client_.messages_missed();
    }
    const bool admits = held_->kind == Event::Kind::admitted;
    if (!area.add(*held_, held_missed_)) {
      // Only the first event of a poll() may be reported in parts: poll_nodes() continues the last
      // value.
      if (count > 0) return count;
      walk_ = NodeWalk(*held_->value);
      area.add_begin(*held_, held_missed_, walk_);
      held_.reset();
      lies_outside_ = true;
      return 1;
    }
    held_.reset();
    if (admits) {
      has_admitted_ = client_.admitted() != nullptr;
      return count + 1;
    }
  }
}

}  // namespace plimsoll::wasm
