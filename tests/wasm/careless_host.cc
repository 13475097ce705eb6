// More than 500 lines, because what servers, sentinels and replicas say stands beside the host that
// reads it, which is one class.

#include "plimsoll/tests/wasm/careless_host.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "plimsoll/wasm/abi.h"

namespace plimsoll::test {
namespace {

constexpr std::string_view hello = "%2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:7\r\n";

constexpr std::string_view sentinel_hello =
    "%2\r\n$5\r\nproto\r\n:3\r\n$4\r\nmode\r\n$8\r\nsentinel\r\n";

constexpr std::string_view node_hello =
    "%2\r\n$5\r\nproto\r\n:3\r\n$4\r\nmode\r\n$7\r\ncluster\r\n";

constexpr std::string_view sentinel_replies[] = {
    "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n7000\r\n",
    "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n7001\r\n",
    "_\r\n",
    "*1\r\n%2\r\n$2\r\nip\r\n$3\r\nten\r\n$4\r\nport\r\n$1\r\n9\r\n",
    "$40\r\n0123456789012345678901234567890123456789\r\n",
    "-ERR no\r\n",
};

constexpr std::string_view announcement =
    ">3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n"
    "$25\r\nfleet a 1 127.0.0.1 7001x\r\n"
    ">3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n"
    "$24\r\nfleet a 1 127.0.0.1 7001\r\n";

constexpr std::string_view replies[] = {
    "+OK\r\n",
    "$5\r\nhello\r\n",
    ":7\r\n",
    "_\r\n",
    "*2\r\n+a\r\n%1\r\n+b\r\n#t\r\n",
    "-ERR no\r\n",
    "$?\r\n;3\r\nabc\r\n;0\r\n",
    "|1\r\n+a\r\n:1\r\n,1.5\r\n",
    ">2\r\n+note\r\n:1\r\n+OK\r\n",
    ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n+OK\r\n",
};

constexpr std::string_view messages[] = {
    ">3\r\n$9\r\nsubscribe\r\n$1\r\nn\r\n:1\r\n",
    ">3\r\n$11\r\nunsubscribe\r\n$1\r\nn\r\n:0\r\n",
    ">3\r\n$7\r\nmessage\r\n$1\r\nn\r\n$2\r\nhi\r\n",
};

constexpr std::string_view nonsense[] = {"?", "*2\r\n",       "$7\r\nhello\r\n",
                                         ":", "-LOADING\r\n", "\n"};

constexpr std::string_view commands[] = {"GET", "SET",   "INCR", "MGET",      "BLPOP",
                                         "",    "MULTI", "get",  "SUBSCRIBE", "HGETALL"};

const PlimsollSpan& span(std::int32_t index) { return plimsoll_outbox()->spans[index]; }

}  // namespace

CarelessHost::~CarelessHost() {
  for (const Peer& peer : peers_) plimsoll_destroy(peer.client);
  for (const std::int32_t cache : caches_) plimsoll_destroy_cache(cache);
}

void CarelessHost::step() {
  if (one_in(8)) now_ += below(40);
  if (peers_.empty() || one_in(200)) create();
  if (peers_.empty()) return;
  const std::size_t index = below(static_cast<std::uint32_t>(peers_.size()));
  Peer& peer = peers_[index];
  switch (below(12)) {
    case 0:
    case 1: submit(peer); break;
    case 2: use_beside(peer); break;
    case 3:
    case 4: write(peer); break;
    case 5:
    case 6:
    case 7: read(peer); break;
    case 8: plimsoll_handle_timeout(peer.client, now_); break;
    case 9:
    case 10: poll(peer); break;
    default:
      if (one_in(40)) {
        destroy(index);
      } else if (one_in(4)) {
        blunder(one_in(10) ? gone_ : peer);
      }
      break;
  }
}

bool CarelessHost::stage(const std::vector<std::string>& words,
                         const std::vector<std::uint32_t>& counts) {
  std::string all;
  for (const std::uint32_t count : counts) {
    all.append(reinterpret_cast<const char*>(&count), sizeof count);
  }
  for (const std::string& word : words) {
    const auto size = static_cast<std::uint32_t>(word.size());
    all.append(reinterpret_cast<const char*>(&size), sizeof size);
  }
  for (const std::string& word : words) all += word;
  char* const room = plimsoll_stage(all.size());
  if (room == nullptr) return false;
  std::memcpy(room, all.data(), all.size());
  return true;
}

void CarelessHost::create_cache() {
  PlimsollCacheOptions& options = *plimsoll_cache_options();
  options.bytes_max = below(100) * 1024;
  options.entry_ttl = below(3) * 500;
  options.mode = below(4);
  options.cache_nil = below(2);
  options.server_ttl_cap = below(2);
  options.eviction_policy = below(2);
  options.broadcast_prefixes_count = one_in(4) ? 1 : 0;
  if (!stage({"k"})) return;
  const std::int32_t cache = plimsoll_create_cache(options.broadcast_prefixes_count);
  if (cache > 0) caches_.push_back(cache);
}

void CarelessHost::create() {
  if (peers_.size() == 4) return;
  if (caches_.empty() || one_in(10)) create_cache();
  PlimsollOptions& options = *plimsoll_options();
  options.connect_timeout = below(2000);
  options.inflight_requests_limit = below(100);
  options.inflight_overflow = below(2);
  options.reply_bytes_max = below(8) * 4096;
  options.subscription_overflow = below(3);
  options.subscription_messages_max = below(5);
  options.resp2 = one_in(8) ? 1 : 0;
  options.seeds_count = one_in(2) ? below(4) : 1;
  options.primary_only = below(2);
  if (!caches_.empty() && !one_in(3)) {
    options.cache =
        static_cast<std::uint32_t>(caches_[below(static_cast<std::uint32_t>(caches_.size()))]);
  }
  // Each of these but seldom with another one, which is refused.
  const bool has_cluster = options.cache == 0 ? one_in(2) : one_in(20);
  const bool finds_cluster = has_cluster && one_in(3);
  if (has_cluster) {
    options.topology = finds_cluster ? plimsoll_topology_automatic : plimsoll_topology_cluster;
    options.reach = one_in(20) ? below(3) : 0;
  }
  const bool asks = one_in(has_cluster ? 20 : 4);
  options.sentinel = asks ? 1 : 0;
  std::vector<std::string> words{"", std::string(below(10), 'x'), "", "here"};
  if (asks) words.insert(words.end(), {"fleet", "", std::string(below(3), 's')});
  const bool reads = options.cache == 0 && (has_cluster ? one_in(3) : !one_in(4));
  options.read_from = reads ? 1 + below(4) : 0;
  if (reads) words.emplace_back(options.read_from == 2 || options.read_from == 3 ? "zone" : "");
  if (has_cluster) words.insert(words.end(), options.seeds_count, std::string(below(3), 'h'));
  if (!stage(words)) return;
  const std::int32_t client = plimsoll_create(now_);
  if (client > 0) {
    peers_.push_back({.client = client,
                      .asks_sentinels = asks,
                      .reads_replicas = reads,
                      .has_cluster = has_cluster,
                      .finds_cluster = finds_cluster});
  }
}

void CarelessHost::destroy(std::size_t index) {
  gone_ = peers_[index];
  plimsoll_destroy(gone_.client);
  peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(index));
  if (one_in(4) && !caches_.empty() && plimsoll_destroy_cache(caches_.back()) == 0) {
    caches_.pop_back();
  }
}

/// What takes more than words.
void CarelessHost::submit_more(Peer& peer) {
  if (one_in(2)) {
    if (stage({"someone", "secret"})) plimsoll_set_credentials(peer.client);
    if (stage({"a token"})) plimsoll_set_shown(peer.client);
    return;
  }
  const std::vector<std::string> words = {"GET", "k", "INCR", "k"};
  const std::vector<std::uint32_t> counts = {2, 2};
  if (!stage(words, counts)) return;
  const std::uint32_t connection = one_in(4) ? below(3) : 0;
  if (plimsoll_submit_transaction(peer.client, connection, 2, 4, 1 + below(10), -1, now_) == 0) {
    note_wait(peer, words, counts);
  }
}

/// The last call has succeeded.
void CarelessHost::note_wait(Peer& peer, const std::vector<std::string>& words,
                             const std::vector<std::uint32_t>& counts) {
  if (plimsoll_outbox()->outcome != plimsoll_outcome_waits) return;
  peer.last_words = words;
  peer.last_counts = counts;
}

void CarelessHost::look_at_served() {
  look_at_nodes(reinterpret_cast<const char*>(plimsoll_outbox()->area),
                plimsoll_outbox()->nodes_count);
}

void CarelessHost::note_submitted(std::int32_t answer) {
  if (answer < 0) return;
  const std::uint32_t outcome = plimsoll_outbox()->outcome;
  ++outcomes_[outcome];
  if (outcome == plimsoll_outcome_served) return look_at_served();
  last_request_ = {plimsoll_outbox()->request[0], plimsoll_outbox()->request[1]};
}

/// By a key alone, mostly one that others use.
void CarelessHost::get(Peer& peer) {
  const std::uint32_t size = one_in(20) ? below(100'000) : 1;
  char* const room = plimsoll_stage(size);
  if (room == nullptr) return;
  std::memset(room, 'k', size);
  const std::uint32_t told = one_in(20) ? below(100'000) : size;
  if (one_in(4)) {
    if (plimsoll_lookup(peer.client, told, now_) == 1) look_at_served();
    return;
  }
  const double staleness = one_in(4) ? below(20) : -1.0;
  const std::int32_t answer =
      plimsoll_submit_get(peer.client, told, 1 + below(10), below(300) - 10.0, staleness, now_);
  note_submitted(answer);
  if (answer >= 0) note_wait(peer, {"GET", std::string(told, 'k')});
}

/// A request whose words are too many to be staged, or that the host takes for one.
void CarelessHost::submit_deferred(Peer& peer) {
  const std::uint32_t size = below(100'000);
  const std::uint32_t more = one_in(4) ? below(100'000) : 0;
  const std::string_view command = one_in(4) ? "GET" : one_in(4) ? "MODULE.X" : "MSET";
  const std::uint32_t name = static_cast<std::uint32_t>(command.size());
  const std::uint32_t sizes[] = {name, 1, size | plimsoll_word_deferred, 1,
                                 one_in(20) ? ~std::uint32_t{0} : more | plimsoll_word_deferred};
  const std::uint32_t count = command == "GET" ? 3 : 5;
  const bool is_transaction = one_in(4);
  std::string all;
  const auto add = [&](std::uint32_t number) {
    all.append(reinterpret_cast<const char*>(&number), sizeof number);
  };
  if (is_transaction) add(count);
  for (std::uint32_t i = 0; i < count; ++i) add(sizes[i]);
  all += command;
  all += "kk";
  char* const room = plimsoll_stage(all.size());
  if (room == nullptr) return;
  std::memcpy(room, all.data(), all.size());
  const std::uint32_t tag = 1 + below(10);
  const std::int32_t answer =
      is_transaction ? plimsoll_submit_transaction(peer.client, 0, 1, count, tag, -1, now_)
                     : plimsoll_submit(peer.client, count, tag, -1, -1, now_);
  if (answer < 0) return;
  note_submitted(answer);
  if (plimsoll_outbox()->outcome == plimsoll_outcome_staged) {
    write_deferred(peer, 40, size);
    write_deferred(peer, 60 + size, more);
    // Or the client would refuse every call from now on.
    for (std::size_t bytes = 65'536; bytes > 0; bytes /= 2) {
      while (plimsoll_staged_places(peer.client, 0, bytes) > 0) continue;
    }
  } else {
    note_wait(peer, {"MSET", "k", std::string(size, 'v'), "k", std::string(more, 'v')},
              is_transaction ? std::vector<std::uint32_t>{5} : std::vector<std::uint32_t>());
  }
}

/// Not quite in the right places, which is the business of the host and its server.
void CarelessHost::write_deferred(Peer& peer, std::size_t offset, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    if (one_in(4)) plimsoll_staged_places(peer.client, below(300'000), below(300'000));
    if (one_in(4)) blunder(peer);
    const std::int32_t count = plimsoll_staged_places(peer.client, offset + done, size - done);
    if (count <= 0) return;
    for (std::int32_t i = 0; i < count; ++i) {
      std::memset(const_cast<char*>(span(i).bytes), 'v', span(i).size);
      done += span(i).size;
    }
  }
}

void CarelessHost::submit(Peer& peer) {
  if (one_in(20)) return submit_more(peer);
  if (one_in(30)) return submit_deferred(peer);
  if (one_in(4)) return get(peer);
  const std::string_view command =
      commands[one_in(4) ? below(std::size(commands)) : below(2) * below(3)];
  const std::uint32_t value_size = one_in(20) ? below(100'000) : below(10);
  std::vector<std::string> words{std::string(command), "k"};
  if (command != "GET" && command != "get") words.emplace_back(value_size, 'v');
  if (!stage(words)) return;
  const auto count = static_cast<std::uint32_t>(one_in(20) ? below(4) : words.size());
  if (one_in(30)) {
    plimsoll_key_places(count);
    if (!stage(words)) return;
  }
  const std::uint32_t tag = 1 + below(10);
  const double staleness = one_in(4) ? below(20) : -1.0;
  const std::int32_t answer =
      plimsoll_submit(peer.client, count, tag, below(300) - 10.0, staleness, now_);
  note_submitted(answer);
  if (answer >= 0) note_wait(peer, words);
}

/// What goes on connections beside the main one.
void CarelessHost::use_beside(Peer& peer) {
  const std::uint32_t tag = 1 + below(10);
  if (peer.beside == 0) {
    const std::int32_t opened = one_in(2) ? plimsoll_open_subscription(peer.client, now_)
                                          : plimsoll_open_exclusive(peer.client, now_);
    if (opened > 0) peer.beside = static_cast<std::uint32_t>(opened);
    return;
  }
  switch (below(8)) {
    case 0:
    case 1:
      if (stage({"n"})) {
        plimsoll_subscribe(peer.client, peer.beside, below(4), 1, tag, below(300) - 10.0, now_);
      }
      break;
    case 2:
      if (stage({"n"})) {
        plimsoll_unsubscribe(peer.client, peer.beside, below(3), below(2), tag, -1, now_);
      }
      break;
    case 3:
    case 4:
      plimsoll_next_messages(peer.client, peer.beside, below(4), tag, below(300) - 10.0, now_);
      break;
    case 5:
      if (stage({"WATCH", "k"})) {
        plimsoll_submit_to(peer.client, peer.beside, 2, tag, -1, now_);
      }
      break;
    case 6: plimsoll_subscription_statistics(peer.client, peer.beside); break;
    default:
      plimsoll_release(peer.client, peer.beside, now_);
      plimsoll_close_subscription(peer.client, peer.beside, now_);
      peer.beside = 0;
      break;
  }
}

std::size_t CarelessHost::place_of(std::uint32_t connection) {
  if (connection >= first_node) {
    return connections_used + sentinels_used + (connection - first_node) % replicas_used;
  }
  if (connection >= first_sentinel) {
    return connections_used + (connection - first_sentinel) % sentinels_used;
  }
  if (connection >= first_replica) {
    return connections_used + sentinels_used + (connection - first_replica) % replicas_used;
  }
  return connection % connections_used;
}

std::uint32_t CarelessHost::some_connection(const Peer& peer) {
  if (peer.asks_sentinels && one_in(2)) return first_sentinel + below(sentinels_used);
  if (peer.reads_replicas && !peer.has_cluster && !one_in(4))
    return one_in(2) ? 0 : first_replica + below(replicas_used);
  if (peer.has_cluster && !one_in(10)) return one_in(2) ? 0 : first_node + below(replicas_used);
  return below(connections_used);
}

/// Does what the client wants of its connection.
void CarelessHost::act(Peer& peer) {
  const std::uint32_t connection = plimsoll_outbox()->connection;
  std::string& incoming = peer.incoming[place_of(connection)];
  switch (plimsoll_outbox()->action) {
    case plimsoll_action_open:
      if (plimsoll_outbox()->named_port != 0) {
        look_at({span(0).bytes, span(0).size});
        if (plimsoll_outbox()->peer == plimsoll_peer_server) ++told_;
      }
      if (one_in(5)) {
        plimsoll_handle_closed(peer.client, connection, below(5), now_);
      } else {
        const std::uint32_t credits = below(2);
        const std::int32_t granted = plimsoll_handle_opened(peer.client, connection, credits, now_);
        if (granted < 0) plimsoll_handle_closed(peer.client, connection, 0, now_);
        peer.credit[place_of(connection)] =
            credits == 0 ? SIZE_MAX : static_cast<std::size_t>(std::max(granted, 0));
        incoming = one_in(10) ? something_said(false) : "";
      }
      break;
    case plimsoll_action_close: incoming.clear(); break;
    default:
      if (one_in(100)) plimsoll_handle_closed(peer.client, below(3), below(5), now_);
      break;
  }
}

void CarelessHost::write(Peer& peer) {
  const std::int32_t node = one_in(2) ? plimsoll_unsent_node(peer.client) : 0;
  const std::uint32_t connection =
      node > 0 ? static_cast<std::uint32_t>(node) : some_connection(peer);
  const std::int32_t count = plimsoll_poll_transmit(peer.client, connection);
  std::string outgoing;
  for (std::int32_t i = 0; i < count; ++i) outgoing.append(span(i).bytes, span(i).size);
  look_at(outgoing);
  if (outgoing.empty() || one_in(20)) return;
  if (one_in(4)) outgoing.resize(below(static_cast<std::uint32_t>(outgoing.size())));
  plimsoll_handle_written(peer.client, connection, outgoing.size());
  // An answer for each request, which has one star.
  const auto requests = std::count(outgoing.begin(), outgoing.end(), '*');
  const bool is_of_sentinel = connection >= first_sentinel && !peer.has_cluster;
  std::string& incoming = peer.incoming[place_of(connection)];
  if (outgoing.find("HELLO") != std::string::npos) {
    incoming = is_of_sentinel ? sentinel_hello : hello;
    if (peer.finds_cluster && !one_in(10)) incoming = node_hello;
    for (std::ptrdiff_t i = 2; i < requests; ++i) incoming += "+OK\r\n";
    incoming += "+PONG\r\n";
    return;
  }
  const bool subscribes = outgoing.find("SUBSCRIBE") != std::string::npos;
  std::size_t at = outgoing.find('*');
  for (std::ptrdiff_t i = 0; i < requests; ++i) {
    const std::size_t end = outgoing.find('*', at + 1);
    const std::string_view request = std::string_view(outgoing).substr(at, end - at);
    at = end;
    if (is_of_sentinel) {
      incoming += said_by_sentinel(subscribes && i == 0);
    } else if (peer.has_cluster) {
      incoming += said_by_node(request, connection, subscribes);
    } else if (request.find("replication") != std::string_view::npos && !one_in(10)) {
      incoming += said_of_replication(connection >= first_replica);
    } else {
      incoming += something_said(subscribes);
    }
  }
}

void CarelessHost::read(Peer& peer) {
  const bool has_many = peer.asks_sentinels || peer.reads_replicas || peer.has_cluster;
  const std::uint32_t connection = has_many || one_in(3) ? some_connection(peer) : 0;
  std::string& incoming = peer.incoming[place_of(connection)];
  std::size_t& credit = peer.credit[place_of(connection)];
  const std::size_t waiting = one_in(15) ? incoming.size() : std::min(incoming.size(), credit);
  const std::int32_t room = plimsoll_read_space(peer.client, connection, waiting);
  if (room == -plimsoll_error_protocol_error) ++overruns_;
  if (room == -plimsoll_error_protocol_error && !one_in(4)) {
    plimsoll_handle_closed(peer.client, connection, plimsoll_close_broken, now_);
  }
  if (room <= 0) return;
  const std::size_t most = std::min(incoming.size(), static_cast<std::size_t>(room));
  const std::size_t size = one_in(2) ? most : std::min<std::size_t>(most, below(20));
  std::memcpy(const_cast<char*>(span(0).bytes), incoming.data(), size);
  if (one_in(20)) return;
  const std::int32_t granted = plimsoll_handle_read(peer.client, connection, size, now_);
  incoming.erase(0, size);
  if (credit == SIZE_MAX) return;
  credit -= std::min(credit, size);
  if (granted > 0) {
    credit += static_cast<std::size_t>(granted);
    ++grants_;
  }
}

void CarelessHost::poll(Peer& peer) {
  // A host that never polls to the end gets nowhere.
  for (int i = 0; i < 20; ++i) {
    const std::int32_t count = plimsoll_poll(peer.client);
    if (count < 0) {
      if (!one_in(3)) plimsoll_cancel(peer.client, last_request_[0], last_request_[1], now_);
      return;
    }
    look_at_events(count);
    if (plimsoll_outbox()->more == plimsoll_more_nodes && !one_in(4)) {
      while (const std::int32_t nodes = plimsoll_poll_nodes(peer.client)) {
        look_at_nodes(reinterpret_cast<const char*>(plimsoll_outbox()->area),
                      static_cast<std::uint32_t>(nodes));
      }
    }
    const bool is_over = plimsoll_outbox()->more == plimsoll_more_nothing;
    act(peer);
    if (!peer.last_words.empty() && one_in(2) && stage(peer.last_words, peer.last_counts)) {
      const auto words = static_cast<std::uint32_t>(peer.last_words.size());
      const auto commands = static_cast<std::uint32_t>(peer.last_counts.size());
      if (plimsoll_submit_admitted(peer.client, commands, words, 1 + below(10)) == 0) {
        peer.last_words.clear();
      }
    }
    if (one_in(20)) blunder(peer);
    if (peer.reads_replicas && one_in(5)) look_at_replicas(peer.client);
    if (peer.has_cluster && one_in(5)) look_at_cluster(peer.client);
    if (is_over) return;
  }
}

void CarelessHost::look_at_events(std::int32_t count) {
  const char* at = reinterpret_cast<const char*>(plimsoll_outbox()->area);
  for (std::int32_t i = 0; i < count; ++i) {
    const auto& record = *reinterpret_cast<const PlimsollEventRecord*>(at);
    ++events_[record.kind];
    if (record.error != 0) look_at({record.text, record.text_size});
    at += sizeof record;
    look_at_nodes(at, record.nodes);
    at += record.nodes * sizeof(PlimsollNode);
  }
}

void CarelessHost::look_at_nodes(const char* at, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& node = reinterpret_cast<const PlimsollNode*>(at)[i];
    const std::uint32_t type = node.type & ~std::uint32_t{plimsoll_type_ascii};
    const bool has_bytes = (type >= plimsoll_type_real && type <= plimsoll_type_bulk_error) ||
                           type == plimsoll_type_piece;
    if (has_bytes && node.bytes != nullptr) look_at({node.bytes, node.size});
  }
}

/// Mostly a primary with one or two replicas, which have what it has.
std::string CarelessHost::said_of_replication(bool is_replica) {
  std::string text = one_in(20)   ? "role:none\r\n"
                     : is_replica ? "role:slave\r\n"
                                  : "role:master\r\n";
  if (is_replica && !one_in(20)) text += "master_link_status:up\r\n";
  const std::uint32_t count = is_replica ? 0 : below(3);
  for (std::uint32_t i = 0; i < count; ++i) {
    text += "slave" + std::to_string(i) +
            ":ip=127.0.0.1,port=" + std::to_string(7002 + (one_in(20) ? below(3) : i)) +
            ",state=online,offset=5,lag=0\r\n";
  }
  const char history = one_in(40) ? 'b' : 'a';
  const std::string offset = std::to_string(one_in(10) ? below(10) : 5);
  text += "master_replid:" + std::string(40, history) + "\r\nslave_repl_offset:" + offset +
          "\r\nmaster_repl_offset:" + offset + "\r\n";
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

// Two nodes share the slots; their ids are forty times a letter.
std::string CarelessHost::said_by_node(std::string_view request, std::uint32_t connection,
                                       bool subscribes) {
  const auto has = [request](std::string_view word) {
    return request.find(word) != std::string_view::npos;
  };
  const auto id = [](std::uint32_t node) {
    return "$40\r\n" + std::string(40, static_cast<char>('a' + node)) + "\r\n";
  };
  if (has("MYID") && !one_in(20)) {
    return id(connection < first_node ? below(2) : connection - first_node);
  }
  if (has("SLOTS") && !one_in(20)) {
    const std::uint32_t middle = one_in(10) ? below(16384) : 8000;
    const auto range = [&id](std::uint32_t first, std::uint32_t last, std::uint32_t node) {
      return "*3\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) +
             "\r\n*3\r\n$9\r\n127.0.0.1\r\n:" + std::to_string(7000 + node) + "\r\n" + id(node);
    };
    return "*2\r\n" + range(0, middle, 0) + range(middle + 1, 16383, 1);
  }
  if (!has("CLUSTER") && one_in(4)) {
    constexpr std::string_view refusals[] = {"MOVED 15495 127.0.0.1:700",
                                             "ASK 15495 127.0.0.1:700",
                                             "TRYAGAIN ",
                                             "CLUSTERDOWN ",
                                             "READONLY ",
                                             "LOADING "};
    return "-" + std::string(refusals[below(std::size(refusals))]) + std::to_string(below(2)) +
           "\r\n";
  }
  return something_said(subscribes);
}

std::string CarelessHost::something_said(bool subscribes) {
  if (subscribes && !one_in(20)) {
    return std::string(messages[0]) + std::string(messages[below(std::size(messages))]);
  }
  // Large enough to hold several read buffers, and now and then the whole pool.
  if (one_in(50)) return "$150000\r\n" + std::string(150'000, 'v') + "\r\n";
  return std::string(one_in(500) ? nonsense[below(std::size(nonsense))]
                                 : replies[below(std::size(replies))]);
}

std::string CarelessHost::said_by_sentinel(bool subscribes) {
  if (subscribes) return ">3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n";
  std::string said;
  if (one_in(20)) said = announcement;
  // The first of them, mostly: sentinels that do not agree name nobody.
  said += sentinel_replies[one_in(3) ? below(std::size(sentinel_replies)) : 0];
  return said;
}

void CarelessHost::look_at(std::string_view bytes) {
  for (char c : bytes) sum_ += static_cast<unsigned char>(c);
}

}  // namespace plimsoll::test
