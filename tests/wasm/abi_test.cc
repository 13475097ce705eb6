// The door of the WebAssembly module, compiled natively: the same calls, where sanitizers see them.
// More than 500 lines, because a host of a few lines for each kind of client stands before its
// tests.

#include "plimsoll/wasm/abi.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace {

using Words = std::vector<std::string>;

constexpr std::string_view hello =
    "%2\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$5\r\nproto\r\n:3\r\n+OK\r\n+OK\r\n+PONG\r\n";

double now = 1000;

PlimsollOutbox& outbox() { return *plimsoll_outbox(); }

std::string error_text() {
  const auto size = static_cast<std::size_t>(plimsoll_describe_error());
  return {outbox().text, size};
}

double memory_in_use() {
  plimsoll_memory_statistics();
  return outbox().statistics.memory.used;
}

double credit_bytes(std::int32_t client) {
  REQUIRE(plimsoll_client_statistics(client) == 0);
  return outbox().statistics.client.credit_bytes;
}

/// Whether a host's peer sends no more than it was granted.
enum class Credits : std::uint8_t { none, wanted };

/// A client that is ready, and gone at the end of its test.
class Host {
 public:
  explicit Host(Credits credits = Credits::none) {
    plimsoll_options()->request_timeout = 50;
    stage({"", "", "", "here"});
    id_ = plimsoll_create(now);
    REQUIRE(id_ > 0);
    REQUIRE(events().empty());
    REQUIRE(outbox().action == plimsoll_action_none);
    REQUIRE(was_asked_to_open_);
    const bool wants = credits == Credits::wanted;
    granted_ = plimsoll_handle_opened(id_, 0, wants ? 1 : 0, now);
    REQUIRE(wants == (granted_ > 0));
    take();
    deliver(hello);
    REQUIRE(events() == "ready ");
  }
  ~Host() { plimsoll_destroy(id_); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  std::int32_t id() const { return id_; }

  static void stage(const Words& words) {
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

  std::int32_t submit(std::uint32_t tag, const Words& words) {
    stage(words);
    return plimsoll_submit(id_, static_cast<std::uint32_t>(words.size()), tag, -1, -1, now);
  }

  double timeout() {
    plimsoll_poll(id_);
    return outbox().timeout;
  }

  std::string take() {
    std::string taken;
    for (;;) {
      const std::int32_t count = plimsoll_poll_transmit(id_, 0);
      REQUIRE(count >= 0);
      if (count == 0) return taken;
      std::size_t size = 0;
      for (std::int32_t i = 0; i < count; ++i) {
        const PlimsollSpan& span = outbox().spans[i];
        taken.append(span.bytes, span.size);
        size += span.size;
      }
      REQUIRE(plimsoll_handle_written(id_, 0, size) == 0);
    }
  }

  void deliver(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::int32_t room = plimsoll_read_space(id_, 0, bytes.size());
      REQUIRE(room > 0);
      const std::size_t size = std::min(bytes.size(), static_cast<std::size_t>(room));
      std::memcpy(const_cast<char*>(outbox().spans[0].bytes), bytes.data(), size);
      const std::int32_t granted = plimsoll_handle_read(id_, 0, size, now);
      REQUIRE(granted >= 0);
      if (granted_ > 0) granted_ += granted - static_cast<std::int32_t>(size);
      bytes.remove_prefix(size);
      if (!bytes.empty()) REQUIRE(events().empty());
    }
  }

  /// What the peer may send yet; 0 without credits.
  std::int32_t granted() const { return granted_; }

  /// What happened, in words: "completed 1 [a, b] failed 2 timed_out ".
  std::string events() {
    std::string all;
    do {
      const std::int32_t count = plimsoll_poll(id_);
      REQUIRE(count >= 0);
      node_ = reinterpret_cast<const char*>(outbox().area);
      for (std::int32_t i = 0; i < count; ++i) all += event();
      if (outbox().action == plimsoll_action_open) was_asked_to_open_ = true;
    } while (outbox().more == plimsoll_more_events);
    return all;
  }

 private:
  template <class Record>
  Record take_record() {
    const auto record = *reinterpret_cast<const Record*>(node_);
    node_ += sizeof(Record);
    return record;
  }

  std::string event() {
    const auto record = take_record<PlimsollEventRecord>();
    nodes_ = record.nodes;
    const std::string tag = std::to_string(record.tag) + " ";
    const std::string text =
        record.text == nullptr ? "" : std::string(record.text, record.text_size);
    const std::string failure = text.substr(0, text.find(':'));
    switch (record.kind) {
      case plimsoll_event_ready: return "ready ";
      case plimsoll_event_completed: return "completed " + tag + value() + " ";
      case plimsoll_event_failed: return "failed " + tag + failure + " ";
      case plimsoll_event_pushed: return "pushed " + value() + " ";
      case plimsoll_event_disconnected: return "disconnected " + failure + " ";
      case plimsoll_event_closed: return "closed " + failure + " ";
      default: FAIL("unknown event"); return {};
    }
  }

  PlimsollNode node() {
    if (nodes_ == 0) {
      nodes_ = static_cast<std::uint32_t>(plimsoll_poll_nodes(id_));
      node_ = reinterpret_cast<const char*>(outbox().area);
    }
    REQUIRE(nodes_ > 0);
    --nodes_;
    return take_record<PlimsollNode>();
  }

  std::string value() {
    const PlimsollNode at = node();
    switch (at.type & ~plimsoll_type_ascii) {
      case plimsoll_type_integer: return std::to_string(at.size);
      case plimsoll_type_null: return "null";
      case plimsoll_type_array:
      case plimsoll_type_push: {
        std::string all = "[";
        for (std::uint32_t i = 0; i < at.size; ++i) all += (i > 0 ? ", " : "") + value();
        return all + "]";
      }
      default: break;
    }
    if (at.bytes != nullptr) return {at.bytes, at.size};
    std::string whole;
    while (whole.size() < at.size) whole += value();
    return whole;
  }

  const char* node_ = nullptr;
  std::uint32_t nodes_ = 0;
  bool was_asked_to_open_ = false;
  std::int32_t id_ = 0;
  std::int32_t granted_ = 0;
};

}  // namespace

TEST_CASE("the native door is of the version that its header says") {
  CHECK(plimsoll_version() == plimsoll_abi_version);
}

TEST_CASE("pipelined requests leave as one, and replies come through at any split") {
  const std::string replies = "+OK\r\n$5\r\nEarly\r\n*3\r\n:1\r\n_\r\n*1\r\n+x\r\n>1\r\n+note\r\n";
  Host host;
  for (std::size_t at = 0; at <= replies.size(); ++at) {
    host.submit(1, {"SET", "ship", "Early"});
    host.submit(2, {"GET", "ship"});
    host.submit(3, {"ANY"});
    CHECK(host.take() ==
          "*3\r\n$3\r\nSET\r\n$4\r\nship\r\n$5\r\nEarly\r\n"
          "*2\r\n$3\r\nGET\r\n$4\r\nship\r\n*1\r\n$3\r\nANY\r\n");
    host.deliver(replies.substr(0, at));
    std::string happened = host.events();
    host.deliver(replies.substr(at));
    happened += host.events();
    CHECK(happened == "completed 1 OK completed 2 Early completed 3 [1, null, [x]] pushed [note] ");
  }
}

TEST_CASE("a key alone is asked for by GET") {
  Host host;
  const std::string key = GENERATE(std::string("k"), std::string(20'000, 'k'));
  std::copy(key.begin(), key.end(), plimsoll_stage(key.size()));
  const auto size = static_cast<std::uint32_t>(key.size());
  REQUIRE(plimsoll_submit_get(host.id(), size, 1, -1, -1, now) == 0);
  REQUIRE(outbox().outcome == plimsoll_outcome_staged);
  REQUIRE(host.events().empty());
  CHECK(host.take() == "*2\r\n$3\r\nGET\r\n$" + std::to_string(size) + "\r\n" + key + "\r\n");
  host.deliver("$2\r\nok\r\n");
  CHECK(host.events() == "completed 1 ok ");
}

TEST_CASE("a key that is not all staged is refused") {
  Host host;
  plimsoll_stage(1);
  CHECK(plimsoll_submit_get(host.id(), plimsoll_staging_bytes + 1, 1, -1, -1, now) ==
        -plimsoll_error_invalid_argument);
  CHECK(plimsoll_lookup(host.id(), plimsoll_staging_bytes + 1, now) ==
        -plimsoll_error_invalid_argument);
}

TEST_CASE("the keys of staged words are found, unless the command is not known") {
  const auto places = [](const Words& words) {
    Host::stage(words);
    return plimsoll_key_places(static_cast<std::uint32_t>(words.size()));
  };
  CHECK(places({"set", "key", ""}) == plimsoll_places_fixed + 1);
  CHECK((outbox().area[0] == 1 && outbox().area[1] == 1 && outbox().area[2] == 1));
  CHECK(places({"MSET", "a", "", "b", ""}) == plimsoll_places_fixed + 1);
  CHECK((outbox().area[0] == 1 && outbox().area[1] == 2 && outbox().area[2] == 2));
  CHECK(places({"EVAL", "", "2", "", "", "argument"}) == 1);
  CHECK((outbox().area[0] == 3 && outbox().area[1] == 1 && outbox().area[2] == 2));
  CHECK(places({"OBJECT", "ENCODING", "key"}) == 1);
  CHECK(places({"PING"}) == plimsoll_places_fixed);
  CHECK(places({"EVAL", "", "9", ""}) == -plimsoll_error_invalid_argument);
  CHECK(places({"JSON.GET", "key"}) == -plimsoll_error_refused_command);
  CHECK(plimsoll_key_places(0) == -plimsoll_error_refused_command);
}

TEST_CASE("a string over several read buffers is walked piece by piece") {
  Host host;
  host.submit(1, {"GET", "large"});
  host.take();
  const std::string large(200'000, 'v');
  const std::string reply = "$200000\r\n" + large + "\r\n";
  host.deliver(reply);
  CHECK(host.events() == "completed 1 " + large + " ");
}

TEST_CASE("a deadline that went out comes back in time") {
  Host host;
  const double heard = now;
  now += 0.0003;  // less than a microsecond
  host.submit(1, {"GET", "slow"});
  const double deadline = host.timeout();
  now = deadline;
  REQUIRE(plimsoll_handle_timeout(host.id(), now) == 0);
  CHECK(host.events() == "failed 1 timed_out ");
  // From here on only the health check is left, and before it the ticks of the memory line.
  const double check = heard + plimsoll_options()->health_check_interval;
  for (double next = 0; (next = host.timeout()) < check;) {
    REQUIRE(next > now);
    now = next;
    REQUIRE(plimsoll_handle_timeout(host.id(), now) == 0);
  }
  CHECK(host.timeout() == check);
}

TEST_CASE("refusals are negative, and have words") {
  Host host;
  CHECK(host.submit(1, {"SUBSCRIBE", "news"}) == -plimsoll_error_refused_command);
  CHECK(outbox().error == plimsoll_error_refused_command);
  CHECK(error_text().starts_with("refused_command: this command changes the state"));
  CHECK(plimsoll_abort(host.id() + 1) == -plimsoll_error_invalid_argument);
  CHECK(plimsoll_handle_read(host.id(), 0, 1, now) == -plimsoll_error_invalid_argument);
  CHECK(plimsoll_handle_written(host.id(), 0, 1) == -plimsoll_error_invalid_argument);
}

TEST_CASE("a peer that wants credits gets some at once, and more as it is read") {
  Host host(Credits::wanted);
  CHECK(host.granted() > 10'000);
  CHECK(credit_bytes(host.id()) == host.granted());
  const std::string large(100'000, 'v');
  const std::string reply = "$100000\r\n" + large + "\r\n";
  for (std::size_t at = 0; at < reply.size();) {
    if (at == 0) host.submit(1, {"GET", "large"});
    host.take();
    REQUIRE(host.granted() > 0);
    const std::string_view part =
        std::string_view(reply).substr(at, static_cast<std::size_t>(host.granted()));
    host.deliver(part);
    at += part.size();
    if (at < reply.size()) REQUIRE(host.events().empty());
  }
  CHECK(host.events() == "completed 1 " + large + " ");
  CHECK(credit_bytes(host.id()) == host.granted());
}

TEST_CASE("a peer that sends more than it was granted is told from one that does not") {
  Host host(Credits::wanted);
  // From then on the client reads to buffers that are larger than the grant.
  host.submit(1, {"GET", "large"});
  host.take();
  const std::string large(5000, 'v');
  host.deliver("$5000\r\n" + large + "\r\n");
  REQUIRE(host.events() == "completed 1 " + large + " ");
  const auto granted = static_cast<std::size_t>(host.granted());
  CHECK(plimsoll_read_space(host.id(), 0, granted + 1) == -plimsoll_error_protocol_error);
  CHECK(error_text() == "protocol_error: the peer has sent more than it was granted (is " +
                            std::to_string(granted + 1) + ", limit " + std::to_string(granted) +
                            ")");
  // Nor is there ever more room than that.
  CHECK(plimsoll_read_space(host.id(), 0, granted) == static_cast<std::int32_t>(granted));
  CHECK(plimsoll_handle_read(host.id(), 0, granted + 1, now) == -plimsoll_error_invalid_argument);
  CHECK(plimsoll_handle_read(host.id(), 0, 0, now) == 0);
}

TEST_CASE("without credits nothing is granted, however much waits") {
  Host host;
  CHECK(host.granted() == 0);
  CHECK(credit_bytes(host.id()) == 0);
  CHECK(plimsoll_read_space(host.id(), 0, 100'000'000) > 0);
  CHECK(plimsoll_handle_read(host.id(), 0, 0, now) == 0);
}

TEST_CASE("the end of a connection gives its credits back") {
  Host host(Credits::wanted);
  REQUIRE(plimsoll_handle_closed(host.id(), 0, plimsoll_close_broken, now) == 0);
  CHECK(host.events() == "disconnected connection_lost ");
  CHECK(credit_bytes(host.id()) == 0);
}

TEST_CASE("a client gives back all that it held") {
  {
    const Host first(Credits::wanted);
  }  // what the instance keeps for itself comes with it
  const double before = memory_in_use();
  {
    Host host;
    host.submit(1, {"GET", "a"});
    host.take();
    host.submit(2, {"GET", "b"});
    host.deliver("$100\r\nhalf of it");
  }
  CHECK(memory_in_use() - before <= 2 * (64 + 4) * 1024);  // pages kept for reuse
  const double kept = memory_in_use();
  {
    Host host(Credits::wanted);
    host.submit(1, {"GET", "a"});
  }
  CHECK(memory_in_use() == kept);
}

namespace {

// A client with connections beside the main one, which the core opens by itself.
class HostOfMany {
 public:
  ~HostOfMany() { plimsoll_destroy(id_); }
  HostOfMany(const HostOfMany&) = delete;
  HostOfMany& operator=(const HostOfMany&) = delete;

  std::int32_t id() const { return id_; }

  /// Polls until the client wants something of a connection.
  bool acts() {
    do {
      REQUIRE(plimsoll_poll(id_) >= 0);
      if (outbox().action != plimsoll_action_none) return true;
    } while (outbox().more != plimsoll_more_nothing);
    return false;
  }

  std::string take(std::uint32_t connection) {
    const std::int32_t count = plimsoll_poll_transmit(id_, connection);
    REQUIRE(count > 0);
    std::string taken;
    for (std::int32_t i = 0; i < count; ++i) {
      taken.append(outbox().spans[i].bytes, outbox().spans[i].size);
    }
    REQUIRE(plimsoll_handle_written(id_, connection, taken.size()) == 0);
    return taken;
  }

  void deliver(std::uint32_t connection, std::string_view bytes) {
    const auto room = plimsoll_read_space(id_, connection, bytes.size());
    REQUIRE(room >= static_cast<std::int32_t>(bytes.size()));
    std::memcpy(const_cast<char*>(outbox().spans[0].bytes), bytes.data(), bytes.size());
    REQUIRE(plimsoll_handle_read(id_, connection, bytes.size(), now) == 0);
  }

 protected:
  /// The options must have been written.
  explicit HostOfMany(const Words& words) {
    Host::stage(words);
    id_ = plimsoll_create(now);
    REQUIRE(id_ > 0);
  }

 private:
  std::int32_t id_ = 0;
};

// A client that asks one sentinel, on the connection that the core has for it.
class AskingHost : public HostOfMany {
 public:
  AskingHost() : HostOfMany(options()) {}

  /// The connection to the sentinel, which is ready and has been asked.
  std::uint32_t open_sentinel() {
    REQUIRE(acts());
    REQUIRE(outbox().action == plimsoll_action_open);
    REQUIRE(outbox().peer == plimsoll_peer_sentinel);
    REQUIRE(outbox().named_port == 0);
    REQUIRE(outbox().seed == 0);
    const std::uint32_t connection = outbox().connection;
    REQUIRE(plimsoll_handle_opened(id(), connection, 0, now) == 0);
    CHECK_FALSE(acts());
    CHECK(take(connection).find("$7\r\nwatcher\r\n$6\r\nsecret\r\n") != std::string::npos);
    deliver(connection,
            "%2\r\n$5\r\nproto\r\n:3\r\n$4\r\nmode\r\n$8\r\nsentinel\r\n+OK\r\n+OK\r\n+PONG\r\n");
    CHECK_FALSE(acts());
    take(connection);
    return connection;
  }

  static constexpr std::string_view subscribed =
      ">3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n"
      "$40\r\n0123456789012345678901234567890123456789\r\n*0\r\n";

 private:
  static Words options() {
    plimsoll_options()->sentinel = 1;
    return {"", "", "", "here", "fleet", "watcher", "secret"};
  }
};

// A client that reads from the replicas of its primary.
class ReadingHost : public HostOfMany {
 public:
  ReadingHost() : HostOfMany(options()) {
    open(0, "master");
    CHECK(take(0).find("replication") != std::string::npos);
  }

  /// Opens the connection that the client wants, to a server with this role.
  void open(std::uint32_t connection, const std::string& role) {
    REQUIRE(acts());
    REQUIRE(outbox().action == plimsoll_action_open);
    REQUIRE(outbox().connection == connection);
    REQUIRE(plimsoll_handle_opened(id(), connection, 0, now) == 0);
    CHECK_FALSE(acts());
    take(connection);
    deliver(connection,
            "%2\r\n$5\r\nproto\r\n:3\r\n$4\r\nrole\r\n" + bulk(role) + "+OK\r\n+OK\r\n+PONG\r\n");
    CHECK_FALSE(acts());
  }

  static std::string bulk(const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  }

  /// What the servers answer to INFO replication.
  static std::string said_by_primary() {
    return bulk(
        "role:master\r\nconnected_slaves:1\r\n"
        "slave0:ip=10.0.0.8,port=7002,state=online,offset=10,lag=0\r\n" +
        history + "master_repl_offset:10\r\n");
  }
  static std::string said_by_replica() {
    return bulk("role:slave\r\nmaster_link_status:up\r\nslave_repl_offset:10\r\n" + history +
                "master_repl_offset:10\r\n");
  }

  static constexpr std::uint32_t replica = 40;

 private:
  static inline const std::string history =
      "master_replid:0123456789012345678901234567890123456789\r\n";

  static Words options() {
    plimsoll_options()->read_from = 2;
    return {"", "", "", "here", "zone"};
  }
};

}  // namespace

TEST_CASE("a client that asks sentinels says where the primary is that it wants to connect to") {
  AskingHost host;
  const std::uint32_t sentinel = host.open_sentinel();
  host.deliver(sentinel,
               std::string(AskingHost::subscribed) + "*2\r\n$8\r\n10.0.0.7\r\n$4\r\n7001\r\n");
  REQUIRE(host.acts());
  CHECK(outbox().action == plimsoll_action_open);
  CHECK(outbox().connection == 0);
  CHECK(outbox().peer == plimsoll_peer_server);
  CHECK(outbox().named_port == 7001);
  CHECK(std::string_view(outbox().spans[0].bytes, outbox().spans[0].size) == "10.0.0.7");
  REQUIRE(plimsoll_sentinel(host.id(), 0) == 1);
  const PlimsollSentinel& known = outbox().statistics.sentinel;
  CHECK((known.seed == 0 && known.named_port == 0 && known.is_connected == 1));
  CHECK((known.primary_port == 7001 && known.problem == 0 && known.is_found == 1));
  CHECK(std::string_view(outbox().spans[1].bytes, outbox().spans[1].size) == "10.0.0.7");
  CHECK(plimsoll_sentinel(host.id(), 1) == 0);
}

TEST_CASE("a sentinel that watches no primary of the name is told from one that names one") {
  AskingHost host;
  const std::uint32_t sentinel = host.open_sentinel();
  host.deliver(sentinel, std::string(AskingHost::subscribed) + "_\r\n");
  host.acts();
  REQUIRE(plimsoll_sentinel(host.id(), 0) == 1);
  const PlimsollSentinel& known = outbox().statistics.sentinel;
  CHECK((known.primary_port == 0 && known.is_found == 0));
  CHECK(static_cast<int>(known.problem) == plimsoll_error_invalid_option);
  CHECK(std::string_view(outbox().text, outbox().text_size) ==
        "invalid_option: the sentinel watches no primary of this name");
}

TEST_CASE(
    "a client without sentinels has none to show, and options without their words are refused") {
  const Host host;
  CHECK(plimsoll_sentinel(host.id(), 0) == 0);
  CHECK(plimsoll_sentinel(host.id() + 1, 0) == -plimsoll_error_invalid_argument);
  plimsoll_options()->sentinel = 1;
  Host::stage({"", "", "", "here"});
  CHECK(plimsoll_create(now) == -plimsoll_error_invalid_argument);
  plimsoll_options()->sentinel = 2;
  Host::stage({"", "", "", "here", "fleet", "", ""});
  CHECK(plimsoll_create(now) == -plimsoll_error_invalid_option);
  plimsoll_options()->sentinel = 1;
  Host::stage({"", "", "", "here", "", "", ""});
  CHECK(plimsoll_create(now) == -plimsoll_error_invalid_option);
}

TEST_CASE("a client that reads from replicas says where they are, and how they are") {
  ReadingHost host;
  REQUIRE(plimsoll_replicas_statistics(host.id()) == 1);
  CHECK(outbox().statistics.replicas.rounds == 1);
  CHECK(plimsoll_replica(host.id(), 0) == 0);
  host.deliver(0, ReadingHost::said_by_primary());
  REQUIRE(host.acts());
  CHECK(outbox().action == plimsoll_action_open);
  CHECK(outbox().connection == ReadingHost::replica);
  CHECK(outbox().peer == plimsoll_peer_replica);
  CHECK(outbox().named_port == 7002);
  CHECK(std::string_view(outbox().spans[0].bytes, outbox().spans[0].size) == "10.0.0.8");

  REQUIRE(plimsoll_handle_closed(host.id(), ReadingHost::replica, plimsoll_close_not_opened, now) ==
          0);
  host.acts();
  REQUIRE(plimsoll_replica(host.id(), 0) == 1);
  const PlimsollReplica& known = outbox().statistics.replica;
  CHECK((known.port == 7002 && known.reads == 0 && known.in_flight == 0));
  CHECK(static_cast<int>(known.problem) == plimsoll_error_connect_failed);
  CHECK(std::string_view(outbox().spans[0].bytes, outbox().spans[0].size) == "10.0.0.8");
  CHECK(outbox().spans[1].size == 0);
  CHECK(std::string_view(outbox().text, outbox().text_size) ==
        "connect_failed: no connection could be made");
  CHECK(plimsoll_replica(host.id(), 1) == 0);
}

TEST_CASE("a read goes to a replica that has what the primary had, and to the primary else") {
  ReadingHost host;
  host.deliver(0, ReadingHost::said_by_primary());
  host.open(ReadingHost::replica, "replica");
  CHECK((outbox().unsent[0] == 0 && outbox().unsent[1] == 1U << (ReadingHost::replica - 32)));
  const std::string asked = host.take(ReadingHost::replica);
  const std::size_t zone = asked.find("server");
  CHECK((zone != std::string::npos && zone < asked.find("replication")));
  host.deliver(ReadingHost::replica,
               ReadingHost::bulk("availability_zone:zone\r\n") + ReadingHost::said_by_replica());
  host.acts();
  REQUIRE(plimsoll_replica(host.id(), 0) == 1);
  CHECK(static_cast<int>(outbox().statistics.replica.state) == plimsoll_replica_ready);
  CHECK(std::string_view(outbox().spans[1].bytes, outbox().spans[1].size) == "zone");
  CHECK(outbox().text_size == 0);

  Host::stage({"GET", "a"});
  REQUIRE(plimsoll_submit(host.id(), 2, 1, -1, -1, now) == 0);
  host.acts();
  CHECK(host.take(ReadingHost::replica).find("GET") != std::string::npos);
  REQUIRE(plimsoll_replica(host.id(), 0) == 1);
  CHECK((outbox().statistics.replica.reads == 1 && outbox().statistics.replica.in_flight == 1));
  host.deliver(ReadingHost::replica, "$2\r\nhi\r\n");
  REQUIRE(plimsoll_poll(host.id()) == 1);

  for (const Words& words : {Words{"SET", "a", "b"}, Words{"GET", "a"}}) {
    Host::stage(words);
    REQUIRE(plimsoll_submit(host.id(), static_cast<std::uint32_t>(words.size()), 2, -1, -1, now) ==
            0);
  }
  host.acts();
  const std::string sent = host.take(0);
  CHECK(sent.find("SET") < sent.find("GET"));
  REQUIRE(plimsoll_replicas_statistics(host.id()) == 1);
  const PlimsollReplicasStatistics& statistics = outbox().statistics.replicas;
  CHECK((statistics.reads == 1 && statistics.reads_moved == 0 && statistics.reads_behind == 1));
  CHECK((statistics.left_out == 0 && statistics.problem == 0));
}

TEST_CASE("a primary that does not say which replicas it has is a problem of the statistics") {
  ReadingHost host;
  host.deliver(0, "-NOPERM User jane has no permissions to run the 'info' command\r\n");
  host.acts();
  REQUIRE(plimsoll_replicas_statistics(host.id()) == 1);
  CHECK(static_cast<int>(outbox().statistics.replicas.problem) == plimsoll_error_permission_denied);
  CHECK(std::string_view(outbox().text, outbox().text_size).starts_with("permission_denied: "));
}

TEST_CASE("a client that does not read from replicas has none to show") {
  const Host host;
  CHECK(plimsoll_replica(host.id(), 0) == 0);
  CHECK(plimsoll_replicas_statistics(host.id()) == 0);
}

TEST_CASE("options for reading from replicas that are none, or do not fit, are refused") {
  const auto refused_as = [](const Words& words) {
    Host::stage(words);
    return -plimsoll_create(now);
  };
  plimsoll_options()->read_from = 5;
  CHECK(refused_as({"", "", "", "here", ""}) == plimsoll_error_invalid_option);
  plimsoll_options()->read_from = 1;
  CHECK(refused_as({"", "", "", "here"}) == plimsoll_error_invalid_argument);
  plimsoll_options()->read_from = 1;
  CHECK(refused_as({"", "", "", "here", "zone"}) == plimsoll_error_invalid_option);
  plimsoll_options()->read_from = 2;
  CHECK(refused_as({"", "", "", "here", ""}) == plimsoll_error_invalid_option);
  for (const double lag : {99.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    PlimsollOptions& options = *plimsoll_options();
    options.read_from = 1;
    options.replica_lag_max = lag;
    CHECK(refused_as({"", "", "", "here", ""}) == plimsoll_error_invalid_option);
  }
}

TEST_CASE("a client with a cache may read from replicas, but not with prefixes") {
  PlimsollCacheOptions& cache_options = *plimsoll_cache_options();
  cache_options.bytes_max = 64 * 1024;
  cache_options.entry_ttl = 1000;
  Host::stage({});
  const std::int32_t cache = plimsoll_create_cache(0);
  REQUIRE(cache > 0);
  PlimsollOptions& options = *plimsoll_options();
  options.cache = static_cast<std::uint32_t>(cache);
  options.read_from = 1;
  Host::stage({"", "", "", "here", ""});
  const std::int32_t client = plimsoll_create(now);
  REQUIRE(client > 0);
  plimsoll_destroy(client);
  REQUIRE(plimsoll_destroy_cache(cache) == 0);

  PlimsollCacheOptions& with_prefixes = *plimsoll_cache_options();
  with_prefixes.bytes_max = 64 * 1024;
  with_prefixes.broadcast_prefixes_count = 1;
  Host::stage({"user:"});
  const std::int32_t other = plimsoll_create_cache(1);
  REQUIRE(other > 0);
  PlimsollOptions& refused = *plimsoll_options();
  refused.cache = static_cast<std::uint32_t>(other);
  refused.read_from = 1;
  Host::stage({"", "", "", "here", ""});
  CHECK(plimsoll_create(now) == -plimsoll_error_invalid_option);
  CHECK(error_text() ==
        "invalid_option: the client_side_cache has broadcast_prefixes, and read_from names "
        "replicas; expected a client_side_cache without broadcast_prefixes; or primary as "
        "read_from");
  REQUIRE(plimsoll_destroy_cache(other) == 0);
}
