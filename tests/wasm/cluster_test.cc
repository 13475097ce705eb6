#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/wasm/abi.h"
#include "plimsoll/wasm/abi_types.h"

// A client of a cluster, as a host makes one.

namespace plimsoll::wasm::cluster_test {
namespace {

using Words = std::vector<std::string>;

constexpr double now = 0;

const PlimsollOutbox& outbox() { return *plimsoll_outbox(); }

std::string_view error_text() {
  const auto size = static_cast<std::size_t>(plimsoll_describe_error());
  return {outbox().text, size};
}

double memory_in_use() {
  plimsoll_memory_statistics();
  return outbox().statistics.memory.used;
}

void stage(const Words& words) {
  std::string table;
  std::string bytes;
  for (const std::string& word : words) {
    const auto size = static_cast<std::uint32_t>(word.size());
    table.append(reinterpret_cast<const char*>(&size), sizeof size);
    bytes += word;
  }
  table += bytes;
  char* const room = plimsoll_stage(table.size());
  REQUIRE(room != nullptr);
  std::copy(table.begin(), table.end(), room);
}

PlimsollOptions& options_of_cluster() {
  PlimsollOptions& options = *plimsoll_options();
  options.topology = plimsoll_topology_cluster;
  return options;
}

// What plimsoll_create() answers, without the minus.
std::int32_t refused_as(const Words& words) {
  stage(words);
  return -plimsoll_create(now);
}

const Words one_seed = {"", "", "", "here", "one"};

TEST_CASE("a client of a cluster connects to one of its seeds, and pays for their hosts") {
  const auto memory_with = [](const std::string& host) {
    options_of_cluster().seeds_count = 3;
    stage({"jane", "secret", "name", "here", host, "two", "::1"});
    const std::int32_t client = plimsoll_create(now);
    REQUIRE(client > 0);
    REQUIRE(plimsoll_poll(client) == 0);
    CHECK(outbox().action == plimsoll_action_open);
    CHECK(outbox().connection == 0);
    CHECK(outbox().seed < 3);
    CHECK(outbox().named_port == 0);
    const double used = memory_in_use();
    REQUIRE(plimsoll_destroy(client) == 0);
    return used;
  };
  const double without = memory_with("");
  CHECK(memory_with(std::string(1000, 'h')) >= without + 1000);
  CHECK(memory_with("") == without);
}

// A client whose main connection is open and has been told who has which slot: of two nodes each
// has one half.
class Host {
 public:
  Host() {
    options_of_cluster();
    stage(one_seed);
    id_ = plimsoll_create(now);
    REQUIRE(id_ > 0);
    enter_cluster();
  }
  // The client is to find out. `begin` gets its id before it can.
  template <class Begin>
  explicit Host(const Begin& begin) {
    plimsoll_options()->topology = plimsoll_topology_automatic;
    stage(one_seed);
    id_ = plimsoll_create(now);
    REQUIRE(id_ > 0);
    begin(id_);
    enter_cluster();
  }
  void enter_cluster() {
    open(0, plimsoll_peer_server);
    CHECK(take(0) == "*2\r\n$7\r\nCLUSTER\r\n$4\r\nMYID\r\n*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n");
    deliver(0, id_of(0) + "*2\r\n" + range(0, 8191, 0) + range(8192, 16383, 1));
  }
  ~Host() { plimsoll_destroy(id_); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  std::int32_t id() const { return id_; }

  // Opens the connection that the client wants, as which `peer` is named.
  void open(std::uint32_t connection, std::uint32_t peer) {
    while (!has_asked_ && plimsoll_poll(id_) > 0) {
    }
    has_asked_ = false;
    REQUIRE(outbox().action == plimsoll_action_open);
    REQUIRE(outbox().connection == connection);
    REQUIRE(outbox().peer == peer);
    REQUIRE(plimsoll_handle_opened(id_, connection, 0, now) == 0);
    plimsoll_poll(id_);
    take(connection);
    deliver(connection,
            "%2\r\n$5\r\nproto\r\n:3\r\n$4\r\nmode\r\n$7\r\ncluster\r\n+OK\r\n+OK\r\n+PONG\r\n");
    plimsoll_poll(id_);
  }

  std::string take(std::uint32_t connection) {
    std::string taken;
    const std::int32_t count = plimsoll_poll_transmit(id_, connection);
    REQUIRE(count >= 0);
    for (std::int32_t i = 0; i < count; ++i) {
      taken.append(outbox().spans[i].bytes, outbox().spans[i].size);
    }
    if (count > 0) REQUIRE(plimsoll_handle_written(id_, connection, taken.size()) == 0);
    return taken;
  }

  void deliver(std::uint32_t connection, std::string_view bytes) {
    const auto room = plimsoll_read_space(id_, connection, bytes.size());
    REQUIRE(room >= static_cast<std::int32_t>(bytes.size()));
    std::memcpy(const_cast<char*>(outbox().spans[0].bytes), bytes.data(), bytes.size());
    REQUIRE(plimsoll_handle_read(id_, connection, bytes.size(), now) == 0);
    plimsoll_poll(id_);
    has_asked_ = outbox().action == plimsoll_action_open;
  }

  static std::string id_of(int node) {
    return "$40\r\n" + std::string(40, static_cast<char>('a' + node)) + "\r\n";
  }

 private:
  static std::string range(int first, int last, int node) {
    return "*3\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) +
           "\r\n*3\r\n$8\r\n10.0.0.9\r\n:" + std::to_string(7000 + node) + "\r\n" + id_of(node);
  }

  std::int32_t id_ = 0;
  bool has_asked_ = false;  // the client wants a connection since the last deliver()
};

constexpr std::uint32_t first_node = 2 * plimsoll_connections_max;

std::string_view span(std::size_t index) {
  return {outbox().spans[index].bytes, outbox().spans[index].size};
}

}  // namespace

TEST_CASE("a host is shown the nodes of a cluster, and their connections are told apart") {
  const Host host;
  REQUIRE(plimsoll_cluster_node(host.id(), 0) == 1);
  CHECK(outbox().statistics.node.port == 7000);
  CHECK(static_cast<int>(outbox().statistics.node.state) == plimsoll_node_idle);
  CHECK(outbox().statistics.node.slots == 8192);
  CHECK(outbox().statistics.node.in_flight == 0);
  CHECK(outbox().statistics.node.problem == 0);
  CHECK(outbox().text_size == 0);
  CHECK(span(0) == "10.0.0.9");
  CHECK(span(1) == std::string(40, 'a'));
  REQUIRE(plimsoll_cluster_node(host.id(), 1) == 1);
  CHECK(outbox().statistics.node.port == 7001);
  CHECK(span(1) == std::string(40, 'b'));
  CHECK(plimsoll_cluster_node(host.id(), 2) == 0);
}

TEST_CASE(
    "a request opens a connection to the node that has its slot, and a redirection is counted") {
  Host host;
  stage({"GET", "b"});  // slot 3300
  REQUIRE(plimsoll_submit(host.id(), 2, 1, -1, -1, now) == 0);
  host.open(first_node, plimsoll_peer_node);
  host.take(first_node);
  host.deliver(first_node, Host::id_of(0));
  CHECK(host.take(first_node) == "*2\r\n$3\r\nGET\r\n$1\r\nb\r\n");
  REQUIRE(plimsoll_cluster_node(host.id(), 0) == 1);
  CHECK(static_cast<int>(outbox().statistics.node.state) == plimsoll_node_ready);
  CHECK(outbox().statistics.node.in_flight == 1);

  host.deliver(first_node, "-MOVED 3300 10.0.0.9:7001\r\n");
  REQUIRE(plimsoll_cluster_statistics(host.id()) == 1);
  const PlimsollClusterStatistics& statistics = outbox().statistics.cluster;
  CHECK((statistics.moved == 1 && statistics.asked == 0 && statistics.sent_again == 0));
  CHECK((statistics.views == 1 && statistics.views_refused == 0 && statistics.parked == 1));
  CHECK((statistics.slots_unserved == 0 && statistics.nodes_left_out == 0));
  CHECK(statistics.problem == 0);
  REQUIRE(plimsoll_cluster_node(host.id(), 1) == 1);
  CHECK(outbox().statistics.node.slots == 8193);
  CHECK(static_cast<int>(outbox().statistics.node.state) == plimsoll_node_connecting);
}

TEST_CASE("an exclusive user from before there was a cluster keeps its number") {
  std::uint32_t own = 0;
  Host host([&own](std::int32_t id) {
    own = static_cast<std::uint32_t>(plimsoll_open_exclusive(id, now));
    REQUIRE(own == 1);
  });
  const auto run = [&host, own](const Words& words) {
    stage(words);
    return plimsoll_submit_to(host.id(), own, static_cast<std::uint32_t>(words.size()), 1, -1, now);
  };
  REQUIRE(run({"GET", "b"}) == 0);  // slot 3300
  host.open(first_node, plimsoll_peer_node);
  host.take(first_node);
  host.deliver(first_node, Host::id_of(0));
  host.open(own, plimsoll_peer_server);
  CHECK(host.take(own) == "*2\r\n$3\r\nGET\r\n$1\r\nb\r\n");
  host.deliver(own, "_\r\n");
  REQUIRE(run({"WATCH", "a"}) == 0);  // slot 15495
  host.open(first_node + 1, plimsoll_peer_node);
  host.take(first_node + 1);
  host.deliver(first_node + 1, Host::id_of(1));
  host.open(2, plimsoll_peer_server);
  CHECK(host.take(2) == "*2\r\n$5\r\nWATCH\r\n$1\r\na\r\n");
  host.deliver(2, "+OK\r\n");
  REQUIRE(plimsoll_handle_closed(host.id(), own, plimsoll_close_ended, now) == 0);
  while (plimsoll_poll(host.id()) > 0) {
  }
  const std::int32_t subscription = plimsoll_open_subscription(host.id(), now);
  REQUIRE(subscription == static_cast<std::int32_t>(own));
  CHECK(run({"UNWATCH"}) == 0);
  CHECK(host.take(2) == "*1\r\n$7\r\nUNWATCH\r\n");
  CHECK(plimsoll_close_subscription(host.id(), own, now) == 0);
  CHECK(plimsoll_close_subscription(host.id(), own, now) < 0);
  CHECK(plimsoll_release(host.id(), own, now) == 0);
  CHECK(plimsoll_release(host.id(), own, now) < 0);
}

TEST_CASE("a node that cannot be reached has a problem") {
  Host host;
  stage({"GET", "b"});
  REQUIRE(plimsoll_submit(host.id(), 2, 1, -1, -1, now) == 0);
  while (plimsoll_poll(host.id()) > 0) {
  }
  REQUIRE(outbox().action == plimsoll_action_open);
  CHECK(outbox().named_port == 7000);
  CHECK(span(0) == "10.0.0.9");
  REQUIRE(plimsoll_handle_closed(host.id(), first_node, plimsoll_close_not_opened, now) == 0);
  plimsoll_poll(host.id());
  REQUIRE(plimsoll_cluster_node(host.id(), 0) == 1);
  CHECK(static_cast<int>(outbox().statistics.node.problem) == plimsoll_error_connect_failed);
  CHECK(std::string_view(outbox().text, outbox().text_size) ==
        "connect_failed: no connection could be made");
}

TEST_CASE("a client that has no cluster has no nodes to show") {
  plimsoll_options();
  stage({"", "", "", "here"});
  const std::int32_t client = plimsoll_create(now);
  REQUIRE(client > 0);
  CHECK(plimsoll_cluster_node(client, 0) == 0);
  CHECK(plimsoll_cluster_statistics(client) == 0);
  REQUIRE(plimsoll_destroy(client) == 0);
}

TEST_CASE("a client may have as many seeds as there can be, and needs the host of each") {
  Words words = {"", "", "", "here"};
  words.insert(words.end(), 63, "host");
  options_of_cluster().seeds_count = 64;
  CHECK(refused_as(words) == plimsoll_error_invalid_argument);
  words.emplace_back("host");
  options_of_cluster().seeds_count = 64;
  stage(words);
  const std::int32_t client = plimsoll_create(now);
  REQUIRE(client > 0);
  REQUIRE(plimsoll_destroy(client) == 0);
  options_of_cluster().seeds_count = 65;
  CHECK(refused_as(words) == plimsoll_error_invalid_option);
  options_of_cluster().seeds_count = UINT32_MAX;
  CHECK(refused_as(words) == plimsoll_error_invalid_option);
}

TEST_CASE("options of a cluster that are none are refused") {
  plimsoll_options()->topology = 3;
  CHECK(refused_as(one_seed) == plimsoll_error_invalid_option);
  CHECK(error_text().starts_with("invalid_option: topology is not one of the choices"));
  plimsoll_options()->reach = 3;
  CHECK(refused_as({"", "", "", "here"}) == plimsoll_error_invalid_option);
  CHECK(error_text().starts_with("invalid_option: reach is not one of the choices"));
  for (const std::uint32_t redirects : {0U, 32U, 256U + 16U}) {
    options_of_cluster().redirects_max = redirects;
    CHECK(refused_as(one_seed) == plimsoll_error_invalid_option);
    CHECK(error_text().starts_with("invalid_option: redirects_max is "));
  }
  CHECK(plimsoll_options()->redirects_max == 16);
}

TEST_CASE(
    "a cluster goes with no other database, sentinels or broadcasts, nor a cache of replicas") {
  options_of_cluster().database = 1;
  CHECK(refused_as(one_seed) == plimsoll_error_invalid_option);
  CHECK(error_text() ==
        "invalid_option: database is not 0, and the address is that of a cluster; expected 0 as "
        "database");
  options_of_cluster().sentinel = 1;
  CHECK(refused_as({"", "", "", "here", "fleet", "", "", "one"}) == plimsoll_error_invalid_option);
  CHECK(error_text() ==
        "invalid_option: sentinels are asked for a primary, and a cluster has several; expected no "
        "sentinels");

  PlimsollCacheOptions& cache_options = *plimsoll_cache_options();
  cache_options.bytes_max = 64 * 1024;
  cache_options.broadcast_prefixes_count = 1;
  stage({"ship:"});
  const std::int32_t cache = plimsoll_create_cache(1);
  REQUIRE(cache > 0);
  options_of_cluster().cache = static_cast<std::uint32_t>(cache);
  CHECK(refused_as(one_seed) == plimsoll_error_invalid_option);
  CHECK(
      error_text() ==
      "invalid_option: the client_side_cache has broadcast_prefixes, and the server is a node of a "
      "cluster; expected a client_side_cache without broadcast_prefixes");
  REQUIRE(plimsoll_destroy_cache(cache) == 0);
}

}  // namespace plimsoll::wasm::cluster_test
