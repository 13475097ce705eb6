// More than 500 lines, because a network is one state, which all its faults change.

#include "plimsoll/tests/core/client/cluster_world.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/core/resp/model.h"
#include "plimsoll/tests/core/resp/parsed.h"

namespace plimsoll::testing {
namespace {

constexpr Duration step_of_time_max = std::chrono::milliseconds(10);

std::string text_of(const NodeAddress& address) {
  return std::string(address.host()) + ":" + std::to_string(address.port());
}

// FAIL() in a function of its own: a failed promise ends the test, whoever made the call.
void require_of_world(bool promise, const char* otherwise) {
  if (!promise) FAIL(otherwise);
}

constexpr Error connection_refused{.code = ErrorCode::connect_failed, .what = "connection refused"};
constexpr Error connection_reset{.code = ErrorCode::connection_lost, .what = "connection reset"};

ClientOptions with_seeds(ClientOptions options, std::size_t count) {
  options.seeds_count = static_cast<std::uint8_t>(count);
  return options;
}

std::vector<std::string_view> views_of(const Words& words) { return {words.begin(), words.end()}; }

std::size_t replicas_count_of(const ClusterWorldOptions& options) {
  return std::max<std::size_t>(options.replicas_count, options.with_replicas ? 1 : 0);
}

std::string transaction_of(const std::vector<Words>& commands) {
  std::string bytes = request({"MULTI"});
  for (const Words& words : commands) bytes += request(words);
  return bytes + request({"EXEC"});
}

}  // namespace

ClusterWorld::Net::Net(const ClusterWorldOptions& options)
    : budget(options.budget, memory), model(options.primaries, replicas_count_of(options)) {
  if (!options.cache) return;
  auto taken = cache::Cache::take_memory(budget, *options.cache);
  REQUIRE(taken.ok());
  cache.emplace(*options.cache, std::move(taken).value());
}

ClusterWorld::ClusterWorld(ClusterWorldOptions options)
    : ClusterWorld(options, std::make_shared<Net>(options)) {}

ClusterWorld::ClusterWorld(ClusterWorldOptions options, ClusterWorld& other)
    : ClusterWorld(std::move(options), other.net_) {}

ClusterWorld::ClusterWorld(ClusterWorldOptions options, std::shared_ptr<Net> net)
    : net_(std::move(net)),
      memory_(net_->memory),
      budget_(net_->budget),
      model_(net_->model),
      now_(net_->now),
      frozen_(net_->frozen),
      held_(net_->held),
      dead_(net_->dead),
      strangers_(net_->strangers),
      seeds_(options.seeds) {
  net_->worlds.push_back(this);
  client_.emplace(with_seeds(options.client, seeds_.size()),
                  Client::open_accounts(budget_).value());
  for (const std::string& seed : seeds_) hosts_.push_back(seed.substr(0, seed.rfind(':')));
  host_views_.assign(hosts_.begin(), hosts_.end());
  cluster_options_ = {.redirects_max = options.redirects_max,
                      .cross_slot_writes = options.cross_slot_writes,
                      .replicas = options.replicas,
                      .seed_hosts = host_views_,
                      .reach = options.reach};
  if (options.replicas.read_from != ReadFrom::primary) lag_max_ = options.replicas.lag_max;
  if (net_->cache) REQUIRE(client_->use_cache(*net_->cache, "the cluster").ok());
  if (options.knows == ClusterWorldOptions::Knows::cluster) {
    REQUIRE(client_->use_cluster(cluster_options_).ok());
  } else if (options.knows == ClusterWorldOptions::Knows::nothing) {
    client_->find_cluster(cluster_options_);
  }
}

ClusterWorld::~ClusterWorld() {
  on_outcome = on_admitted = {};
  on_event = {};
  client_->validate();
  client_->abort();
  for (int i = 0; i < 3; ++i) take_events_and_actions();
  CHECK(history_.pending_count() == 0);
  client_.reset();
  for (const auto& [id, link] : links_) end_session(*link);
  for (const auto& link : orphans_) end_session(*link);
  std::erase(net_->worlds, this);
  if (!net_->worlds.empty()) return;
  net_->cache.reset();
  for (const PoolKind pool : {PoolKind::requests, PoolKind::connections, PoolKind::cache}) {
    CHECK(used(pool) == 0);
  }
}

void ClusterWorld::connect() {
  client_->connect(now_);
  run();
}

std::optional<RequestId> ClusterWorld::submit(Tag tag, const Words& words, Duration timeout) {
  const std::vector<std::string_view> views = views_of(words);
  const Result<CommandView> command = commands::prepare(views);
  REQUIRE(command.ok());
  start(tag, {words}, *command, timeout);
  return id_of(tag);
}

std::optional<RequestId> ClusterWorld::submit_transaction(Tag tag,
                                                          const std::vector<Words>& commands,
                                                          Duration timeout) {
  const std::string bytes = transaction_of(commands);
  CommandView command = CommandView::from_encoded(bytes);
  command.answers = static_cast<std::uint16_t>(commands.size() + 2);
  start(tag, commands, command, timeout);
  return id_of(tag);
}

std::optional<RequestId> ClusterWorld::submit_to(ConnectionId connection, Tag tag,
                                                 const std::vector<Words>& commands,
                                                 Duration timeout) {
  history_.note_submitted(tag, commands, now_);
  if (commands.size() > 1) {
    const std::string bytes = transaction_of(commands);
    CommandView command = CommandView::from_encoded(bytes);
    command.answers = static_cast<std::uint16_t>(commands.size() + 2);
    return note_started(tag, client_->submit_to(connection, command, now_, timeout, tag));
  }
  const std::vector<std::string_view> views = views_of(commands.at(0));
  const Result<CommandView> command = commands::prepare_exclusive(views);
  REQUIRE(command.ok());
  return note_started(tag, client_->submit_to(connection, *command, now_, timeout, tag));
}

std::optional<RequestId> ClusterWorld::subscribe(ConnectionId connection, Tag tag,
                                                 const Words& channels, Duration timeout) {
  history_.note_submitted(tag, {}, now_);
  return note_started(tag, client_->subscribe(connection, SubscriptionKind::shard,
                                              views_of(channels), now_, timeout, tag));
}

std::optional<RequestId> ClusterWorld::unsubscribe(ConnectionId connection, Tag tag,
                                                   const Words& channels, Duration timeout) {
  history_.note_submitted(tag, {}, now_);
  return note_started(tag, client_->unsubscribe(connection, SubscriptionKind::shard,
                                                views_of(channels), now_, timeout, tag));
}

std::optional<RequestId> ClusterWorld::next_message(ConnectionId connection, Tag tag,
                                                    Duration timeout) {
  history_.note_submitted(tag, {}, now_);
  return note_started(tag, client_->next_message(connection, now_, timeout, tag));
}

std::optional<RequestId> ClusterWorld::note_started(Tag tag, const Result<RequestId>& id) {
  if (id) {
    ids_[tag] = *id;
    if (is_at_replica(*id)) history_.note_sent_to_replica(tag);
  } else {
    last_error_ = id.error();
    history_.note_outcome(tag, "refused with " + show_failure(id.error()), &id.error());
  }
  return id_of(tag);
}

bool ClusterWorld::is_at_replica(RequestId id) const {
  const Cluster* const cluster = client_->cluster();
  const NodeNumber number = cluster == nullptr ? no_node : Cluster::node_of(id);
  bool is_so = false;
  if (number == no_node || cluster->replicas() == nullptr) return is_so;
  cluster->replicas()->for_each([&](const KnownReplica& known) {
    is_so |= known.connection == ClusterNodes::connection_of(number);
  });
  return is_so;
}

void ClusterWorld::start(Tag tag, const std::vector<Words>& commands, const CommandView& command,
                         Duration timeout, Duration max_staleness) {
  history_.note_submitted(tag, commands, now_);
  Result<RequestId> id = client_->submit(command, now_, timeout, tag, max_staleness);
  if (!id && client_->may_wait(id.error())) {
    id = client_->wait_for_room(command, now_, timeout, tag);
    if (id) {
      waiting_[tag] = {.bytes = encoded(command), .command = command};
    }
  }
  note_started(tag, id);
}

std::string ClusterWorld::call(Tag tag, const Words& words) {
  submit(tag, words);
  run();
  return outcome(tag);
}

bool ClusterWorld::look_up(Tag tag, const Words& words, Duration max_staleness, Duration timeout) {
  const std::vector<std::string_view> views = views_of(words);
  const Result<CommandView> command = commands::prepare(views);
  REQUIRE(command.ok());
  commands::QuestionReader reader;
  if (cache().takes(*command, reader)) {
    cache::Cache::Reader wanted = client_->near_cache()->reader(max_staleness, now_);
    wanted.scratch = &client_->replies_account();
    std::string reply;
    const bool is_hit = cache().visit(wanted, reader.question(), now_, [&](std::string_view found) {
      reply = found;
      return true;
    });
    if (is_hit) {
      history_.note_submitted(tag, {words}, now_);
      history_.note_outcome(tag, "hit " + shown(reply), nullptr);
      if (on_outcome) on_outcome(tag);
      return true;
    }
  }
  start(tag, {words}, *command, timeout, max_staleness);
  return false;
}

std::string ClusterWorld::get(Tag tag, const Words& words, Duration max_staleness) {
  look_up(tag, words, max_staleness);
  run();
  return outcome(tag);
}

std::optional<RequestId> ClusterWorld::prove(Tag tag, Duration timeout) {
  history_.note_submitted(tag, {}, now_);
  proofs_.insert(tag);
  return note_started(tag, client_->prove(now_, timeout, tag));
}

// As a client does that knows the owner of each slot, and follows redirections.
std::string ClusterWorld::write_elsewhere(const Words& words) {
  const auto named = [&](const std::string& refusal) {
    const std::string address = refusal.substr(refusal.rfind(' ') + 1);
    return node_at(address.substr(0, address.size() - 2));
  };
  const auto works = [&](NodeIndex number) {
    return number < model_.nodes_count() && !frozen_.contains(address(number)) &&
           !dead_.contains(address(number));
  };
  std::optional<NodeIndex> at = model_.owner(model_slot_of(words.at(1)));
  for (int tries = 0; at && tries < 8 && works(*at); ++tries) {
    ModelSession session;
    std::string reply = model_.answer(*at, session, words);
    if (reply.starts_with("-ASK ")) {
      at = named(reply);
      if (!at || !works(*at)) break;
      model_.answer(*at, session, {"ASKING"});
      reply = model_.answer(*at, session, words);
    }
    if (!reply.starts_with("-MOVED ")) {
      for (ClusterWorld* const each : net_->worlds) each->put_late();
      return reply;
    }
    at = named(reply);
  }
  return "";
}

std::string ClusterWorld::shown(std::string_view reply) { return show(Parsed(reply).value()); }

std::optional<RequestId> ClusterWorld::id_of(Tag tag) const {
  const auto found = ids_.find(tag);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

void ClusterWorld::run() {
  for (int steps = 0; step_all(Answers::given); ++steps) {
    if (steps > 10'000) FAIL("the world never comes to rest");
    if (validates_always_) client_->validate();
  }
  // validate() looks at each of 16,384 slots, which would be most of what a long world does.
  constexpr int always = 32;
  constexpr int seldom = 8;
  if (++rests_ <= always || rests_ % seldom == 0) {
    for (ClusterWorld* const each : net_->worlds) each->client_->validate();
  }
  budget_.validate();
}

void ClusterWorld::send() {
  for (int steps = 0; step_all(Answers::kept); ++steps) {
    if (steps > 10'000) FAIL("the world never comes to rest");
  }
}

bool ClusterWorld::step_all(Answers answers) {
  bool any = false;
  for (ClusterWorld* const each : net_->worlds) any |= each->step(answers);
  return any;
}

Instant ClusterWorld::next_due() const {
  Instant next = never;
  const auto look = [&](const std::deque<Parcel>& parcels, bool is_stopped) {
    if (!parcels.empty() && !is_stopped) next = std::min(next, parcels.front().due);
  };
  for (const auto& [id, link] : links_) {
    if (!link->node) next = std::min(next, link->opens_at);
    look(link->to_node, frozen_.contains(link->address));
    look(link->to_client, held_.contains(link->address));
  }
  for (const auto& link : orphans_) look(link->to_node, frozen_.contains(link->address));
  return std::min(next, model_.sessions().next_due(works_));
}

void ClusterWorld::advance(Duration duration) {
  const Instant end = now_ + duration;
  while (now_ < end) {
    Instant next = std::min(end, now_ + step_of_time_max);
    for (ClusterWorld* const each : net_->worlds) {
      next = std::min(next, each->client_->poll_timeout());
      // What is due by now and does not move waits for memory, so that time has to go on.
      if (const Instant due = each->next_due(); due > now_) next = std::min(next, due);
    }
    // The client may ask to be called at once, but not again and again.
    wakes_ = next > now_ ? 0 : wakes_ + 1;
    require_of_world(wakes_ < 3, "the client wants to be woken up in the past");
    now_ = std::max(now_, next);
    for (ClusterWorld* const each : net_->worlds) each->client_->handle_timeout(now_);
    run();
  }
}

void ClusterWorld::kill(const std::string& address) {
  dead_.insert(address);
  if (const std::optional<NodeIndex> node = node_at(address)) model_.sessions().close_all(*node);
  for (ClusterWorld* const each : net_->worlds) {
    each->lose_all(address, connection_reset, UnderWay::lost);
    std::erase_if(each->orphans_, [&](const auto& link) { return link->address == address; });
  }
}

void ClusterWorld::cut(const std::string& address, UnderWay to_node) {
  for (ClusterWorld* const each : net_->worlds) {
    each->lose_all(address, connection_reset, to_node);
  }
}

void ClusterWorld::lose_all(const std::string& address, const Error& reason, UnderWay to_node) {
  std::vector<ConnectionId> lost;
  for (const auto& [id, link] : links_) {
    if (link->address == address) lost.push_back(id);
  }
  for (const ConnectionId id : lost) lose(id, reason, to_node);
}

void ClusterWorld::lose(ConnectionId id, const Error& reason, UnderWay to_node) {
  auto link = std::move(links_.at(id));
  links_.erase(id);
  if (to_node == UnderWay::arrives && link->node) {
    orphans_.push_back(std::move(link));
  } else {
    end_session(*link);
  }
  client_->handle_closed(id, reason, now_);
}

NodeIndex ClusterWorld::replace(const std::string& address) {
  kill(address);
  revive(address);
  const NodeIndex old = node_at(address).value();
  const NodeIndex stranger = model_.add_node(node(old).host, node(old).port);
  strangers_[address] = stranger;
  return stranger;
}

void ClusterWorld::put_back(const std::string& address) {
  kill(address);
  revive(address);
  strangers_.erase(address);
}

std::optional<NodeIndex> ClusterWorld::node_at(const std::string& address) const {
  if (const auto found = strangers_.find(address); found != strangers_.end()) return found->second;
  for (NodeIndex each = 0; each < model_.nodes_count(); ++each) {
    if (model_.node(each).address() == address) return each;
  }
  return std::nullopt;
}

void ClusterWorld::deliver_published() {
  for (const auto& [channel, message] : model_.take_published()) {
    for (auto& [id, link] : links_) {
      if (!link->session.channels.contains(channel)) continue;
      const std::string push =
          ">3\r\n" + bulk_reply("message") + bulk_reply(channel) + bulk_reply(message);
      link->answered += push.size();
      put(link->to_client, push);
    }
  }
}

std::string ClusterWorld::main_address() const {
  const auto found = links_.find(first_connection);
  return found == links_.end() ? "" : found->second->address;
}

std::size_t ClusterWorld::links_to(const std::string& address) const {
  return static_cast<std::size_t>(
      std::count_if(links_.begin(), links_.end(),
                    [&](const auto& each) { return each.second->address == address; }));
}

std::size_t ClusterWorld::side_links() const {
  return static_cast<std::size_t>(std::count_if(links_.begin(), links_.end(), [](const auto& each) {
    const auto place = static_cast<std::uint32_t>(each.first);
    return place != static_cast<std::uint32_t>(first_connection) && place < first_of_nodes;
  }));
}

std::size_t ClusterWorld::attempts_at(const std::string& address) const {
  const auto found = attempts_.find(address);
  return found == attempts_.end() ? 0 : found->second;
}

std::size_t ClusterWorld::attempts() const {
  std::size_t sum = 0;
  for (const auto& [address, count] : attempts_) sum += count;
  return sum;
}

bool ClusterWorld::step(Answers answers) {
  bool any = take_events_and_actions();
  any |= open_links();
  any |= settle_sessions();
  std::vector<ConnectionId> ids;
  ids.reserve(links_.size());
  for (const auto& [id, link] : links_) ids.push_back(id);
  for (const ConnectionId id : ids) {
    const auto found = links_.find(id);
    if (found == links_.end() || !found->second->node) continue;
    any |= take_sent(id, *found->second);
    any |= serve(*found->second);
    if (answers == Answers::given && !held_.contains(found->second->address)) any |= give(id);
    take_events_and_actions();
  }
  return serve_orphans() || any;
}

bool ClusterWorld::take_events_and_actions() {
  // Every other turn, the short replies are visited first, as the native driver does.
  bool any = ++turns_ % 2 == 0 && visit_short_replies() > 0;
  while (const std::optional<Event> event = client_->poll_event()) {
    note(*event);
    any = true;
  }
  while (const std::optional<Action> action = client_->poll_action()) {
    act(*action);
    any = true;
  }
  return any;
}

int ClusterWorld::visit_short_replies() {
  return client_->visit_short_replies(visits_max, [this](Tag tag, const Value& reply) {
    note({.kind = Event::Kind::completed, .tag = tag, .value = reply});
  });
}

void ClusterWorld::act(const Action& action) {
  const auto found = links_.find(action.connection);
  if (action.kind == Action::Kind::close) {
    require_of_world(found != links_.end(), "there is nothing to close");
    // What the client has sent is in the hands of the system: it arrives yet.
    if (found->second->node) orphans_.push_back(std::move(found->second));
    links_.erase(found);
    return;
  }
  require_of_world(found == links_.end(), "a second connection is asked for");
  auto link = std::make_unique<Link>();
  link->address = action.told == nullptr ? seeds_.at(static_cast<std::uint32_t>(action.seed))
                                         : text_of(*action.told);
  link->opens_at = now_ + delay();
  const auto place = static_cast<std::uint32_t>(action.connection);
  if (place >= first_of_nodes) CHECK(action.told != nullptr);
  ++attempts_[link->address];
  links_[action.connection] = std::move(link);
}

bool ClusterWorld::open_links() {
  bool any = false;
  std::vector<ConnectionId> refused;
  for (auto& [id, link] : links_) {
    if (link->node || link->opens_at > now_) continue;
    any = true;
    const std::optional<NodeIndex> node = node_at(link->address);
    if (!node || dead_.contains(link->address)) {
      refused.push_back(id);
      continue;
    }
    link->node = *node;
    model_.sessions().open(*node, link->session);
    link->peer.set_script(
        [this, link = link.get()](const Words& words) { return answer(*link, words); });
    client_->handle_opened(id, now_);
  }
  for (const ConnectionId id : refused) lose(id, connection_refused, UnderWay::lost);
  return any;
}

void ClusterWorld::put(std::deque<Parcel>& parcels, std::string bytes) {
  if (bytes.empty()) return;
  Instant due = now_ + delay();
  if (!parcels.empty()) due = std::max(due, parcels.back().due);
  parcels.push_back({due, std::move(bytes)});
}

// Whether a request that begins at this byte, for the slot of the last command, was sent before the
// client knew that the node had refused an earlier one for the slot.
bool ClusterWorld::Link::is_overtaken(std::uint64_t begin) const {
  const auto is_of_slot = [this](const auto& refusal) { return refusal.second == slot; };
  if (std::any_of(refusals.begin(), refusals.end(), is_of_slot)) return true;
  const auto found = seen.find(slot);
  return found != seen.end() && (found->second.is_open || begin < found->second.sent);
}

// If a slot comes back to a node that has refused a request, the node runs what is already under
// way behind it. No client can prevent that, so that the history must not count it.
std::string ClusterWorld::answer(Link& link, const Words& words) {
  const std::uint64_t begin = link.served;
  link.served += request(words).size();
  const std::size_t runs_before = model_.runs().size();
  const bool has_key = words[0] == "RPUSH" || words[0] == "LRANGE";
  if (has_key) link.slot = model_slot_of(words.at(1));
  std::string reply = model_.answer(*link.node, link.session, words);
  if (link.is_overtaken(begin)) {
    for (std::size_t i = runs_before; i < model_.runs().size(); ++i) {
      history_.note_unordered(model_.runs()[i].words);
    }
  }
  link.answered += reply.size();
  note_told(link);
  if (link.session.has_refused && (has_key || words[0] == "EXEC")) {
    link.refusals.emplace_back(link.answered, link.slot);
  }
  return reply;
}

// One write, of which the transport may take a part only.
bool ClusterWorld::take_sent(ConnectionId id, Link& link) {
  while (const std::optional<ConnectionId> node = client_->take_unsent_node()) {
    const auto found = links_.find(*node);
    if (found != links_.end()) found->second->is_named = true;
  }
  const auto number = static_cast<std::uint32_t>(id);
  const bool is_named =
      ClusterNodes::owns(id) ? link.is_named : (client_->unsent_connections() >> number & 1) != 0;
  std::array<std::string_view, 16> spans;
  const std::size_t count = client_->poll_transmit(id, spans);
  require_of_world(count == 0 || is_named, "the client names each connection with bytes to send");
  if (count == 0) {
    link.is_named = false;
    for (auto& [slot, seen] : link.seen) seen.is_open = false;
    return false;
  }
  std::string sent;
  for (std::size_t i = 0; i < count; ++i) sent += spans[i];
  sent.resize(piece(sent.size()));
  client_->handle_written(id, sent.size());
  link.sent += sent.size();
  for (auto& [slot, seen] : link.seen) {
    if (seen.is_open) seen.sent = link.sent;
  }
  const bool any = !sent.empty();
  put(link.to_node, std::move(sent));
  return any;
}

bool ClusterWorld::serve(Link& link) {
  bool any = false;
  while (!link.to_node.empty() && link.to_node.front().due <= now_ &&
         !frozen_.contains(link.address)) {
    link.peer.handle_bytes(link.to_node.front().bytes);
    link.to_node.pop_front();
    put(link.to_client, link.peer.take_output());
    put_late();
    any = true;
  }
  return any;
}

// A node hears of the end of a connection behind all that was under way.
bool ClusterWorld::serve_orphans() {
  bool any = false;
  for (const auto& link : orphans_) {
    any |= serve(*link);
    if (link->to_node.empty() && !frozen_.contains(link->address)) end_session(*link);
  }
  std::erase_if(orphans_, [this](const auto& link) {
    return link->to_node.empty() && !frozen_.contains(link->address);
  });
  return any;
}

void ClusterWorld::end_session(Link& link) { model_.sessions().close(link.session); }

bool ClusterWorld::settle_sessions() {
  model_.sessions().set_time(now_);
  model_.sessions().settle(works_);
  return put_late();
}

// What other connections have to be told, and those whose wait is over.
bool ClusterWorld::put_late() {
  bool any = false;
  for (auto& [id, link] : links_) {
    // A process that does nothing says nothing either.
    if (link->session.late.empty() || frozen_.contains(link->address)) continue;
    any = true;
    const std::string late = link->session.take_late();
    link->answered += late.size();
    note_told(*link);
    put(link->to_client, late);
  }
  return any;
}

// Its invalidations end at the latest where all that was answered so far ends.
void ClusterWorld::note_told(Link& link) {
  for (const ModelSession::Told& each : link.session.told) {
    link.told.emplace_back(link.answered, each);
  }
  link.session.told.clear();
}

// The client has read some of its invalidations.
void ClusterWorld::hear(Link& link) {
  while (!link.told.empty() && link.told.front().first <= link.given) {
    const ModelSession::Told& told = link.told.front().second;
    if (told.key) told_[*told.key] = std::max(told_[*told.key], told.changes);
    link.told.pop_front();
  }
}

bool ClusterWorld::is_told_soon(const std::string& key, const std::string& address) const {
  return std::any_of(links_.begin(), links_.end(), [&](const auto& each) {
    const Link& link = *each.second;
    const auto is_of_key = [&](const ModelSession::Told& told) {
      return !told.key || *told.key == key;
    };
    return link.address == address &&
           (std::any_of(link.told.begin(), link.told.end(),
                        [&](const auto& told) { return is_of_key(told.second); }) ||
            std::any_of(link.session.told_late.begin(), link.session.told_late.end(), is_of_key));
  });
}

std::size_t ClusterWorld::told(const std::string& key) const {
  const auto found = told_.find(key);
  return found == told_.end() ? 0 : found->second;
}

bool ClusterWorld::is_tracked(const std::string& key, const std::string& address) const {
  return std::any_of(links_.begin(), links_.end(), [&](const auto& each) {
    const Link& link = *each.second;
    return link.address == address && link.node && link.session.tracked.contains(key);
  });
}

std::string ClusterWorld::owner_known(unsigned slot) const {
  const SlotOwners& owners = client_->cluster()->owners();
  const NodeNumber owner = owners.owner_of(static_cast<Slot>(slot));
  return owner == no_node ? "" : text_of(owners.address_of(owner));
}

// What an event leads to is done before the next byte is moved.
bool ClusterWorld::give(ConnectionId id) {
  bool any = false;
  for (auto found = links_.find(id); found != links_.end(); found = links_.find(id)) {
    std::deque<Parcel>& parcels = found->second->to_client;
    if (parcels.empty() || parcels.front().due > now_) break;
    std::string& bytes = parcels.front().bytes;
    const std::span<char> room = client_->read_space(id);
    if (room.empty()) break;
    const std::size_t part = piece(std::min(room.size(), bytes.size()));
    std::memcpy(room.data(), bytes.data(), part);
    bytes.erase(0, part);
    if (bytes.empty()) parcels.pop_front();
    Link& link = *found->second;
    link.given += part;
    hear(link);
    while (!link.refusals.empty() && link.refusals.front().first <= link.given) {
      link.seen[link.refusals.front().second] = {.sent = link.sent, .is_open = true};
      link.refusals.pop_front();
    }
    client_->handle_read(id, part, now_);
    any = true;
    take_events_and_actions();
  }
  const auto found = links_.find(id);
  if (found != links_.end() && found->second->session.closes && found->second->to_client.empty()) {
    lose(id, connection_reset, UnderWay::lost);
    take_events_and_actions();
    return true;
  }
  return any;
}

void ClusterWorld::admit(Tag tag) {
  const auto found = waiting_.find(tag);
  require_of_world(found != waiting_.end(), "somebody is admitted who does not wait");
  const Waiting waiting = found->second;
  waiting_.erase(found);
  CommandView command = CommandView::from_encoded(waiting.bytes);
  command.effect = waiting.command.effect;
  command.answer = waiting.command.answer;
  command.answers = waiting.command.answers;
  command.row = waiting.command.row;
  command.block_time = waiting.command.block_time;
  ids_[tag] = client_->submit_admitted(command, tag);
  if (on_admitted) on_admitted(tag);
}

void ClusterWorld::note(const Event& event) {
  if (on_event) on_event(event);
  const std::string value = event.value ? show(*event.value) : "";
  if (event.error != nullptr) {
    last_error_ = *event.error;
    last_error_words_ = event.error->what + value;
    last_error_.what = last_error_words_.c_str();
  }
  const std::string reason = event.error == nullptr ? "" : std::string(name(event.error->code));
  switch (event.kind) {
    case Event::Kind::ready: events_.push_back("ready"); return;
    case Event::Kind::completed:
    case Event::Kind::failed: {
      waiting_.erase(event.tag);
      ids_.erase(event.tag);
      std::string text = value;
      if (event.kind == Event::Kind::failed && text.empty()) text = show_failure(*event.error);
      if (proofs_.erase(event.tag) > 0 && text.empty()) text = "proved";
      history_.note_outcome(event.tag, text, event.error);
      if (on_outcome) on_outcome(event.tag);
      return;
    }
    case Event::Kind::disconnected: events_.push_back("disconnected: " + reason); return;
    case Event::Kind::closed:
      require_of_world(!std::exchange(closed_, true), "the client was closed twice");
      events_.push_back("closed: " + reason);
      return;
    case Event::Kind::admitted: return admit(event.tag);
    case Event::Kind::pushed: events_.push_back("pushed " + value); return;
    case Event::Kind::credentials_refused:
    case Event::Kind::queueing_failed: events_.push_back("other " + value); return;
  }
}

}  // namespace plimsoll::testing
