// The door of the WebAssembly module, compiled natively: the same calls, where sanitizers see them.

#include "plimsoll/wasm/abi.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

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
  return outbox().memory_statistics.used;
}

/// A client that is ready, and gone at the end of its test.
class Host {
 public:
  Host() {
    plimsoll_options()->request_timeout = 50;
    plimsoll_stage(0);
    id_ = plimsoll_create(now);
    REQUIRE(id_ > 0);
    REQUIRE(plimsoll_poll_action(id_) == plimsoll_action_open);
    REQUIRE(plimsoll_handle_opened(id_, now) == 0);
    take();
    deliver(hello);
    REQUIRE(events() == "ready ");
  }
  ~Host() { plimsoll_destroy(id_); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  std::int32_t id() const { return id_; }

  double submit(std::uint32_t tag, const Words& words) {
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
    return plimsoll_submit(id_, static_cast<std::uint32_t>(words.size()), tag, -1, now);
  }

  std::string take() {
    std::string taken;
    for (;;) {
      const std::int32_t count = plimsoll_poll_transmit(id_);
      REQUIRE(count >= 0);
      if (count == 0) return taken;
      std::size_t size = 0;
      for (std::int32_t i = 0; i < count; ++i) {
        const PlimsollSpan& span = outbox().spans[i];
        taken.append(span.bytes, span.size);
        size += span.size;
      }
      REQUIRE(plimsoll_handle_written(id_, size) == 0);
    }
  }

  void deliver(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::int32_t room = plimsoll_read_space(id_);
      REQUIRE(room > 0);
      const std::size_t size = std::min(bytes.size(), static_cast<std::size_t>(room));
      std::memcpy(const_cast<char*>(outbox().spans[0].bytes), bytes.data(), size);
      REQUIRE(plimsoll_handle_read(id_, size, now) == 0);
      bytes.remove_prefix(size);
      if (!bytes.empty()) REQUIRE(events().empty());
    }
  }

  /// What happened, in words: "completed 1 [a, b] failed 2 timed_out ".
  std::string events() {
    std::string all;
    for (;;) {
      switch (plimsoll_poll_event(id_)) {
        case plimsoll_event_none: return all;
        case plimsoll_event_ready: all += "ready "; break;
        case plimsoll_event_completed: all += "completed " + tag() + value() + " "; break;
        case plimsoll_event_failed: all += "failed " + tag() + failure() + " "; break;
        case plimsoll_event_pushed: all += "pushed " + value() + " "; break;
        case plimsoll_event_disconnected: all += "disconnected " + failure() + " "; break;
        case plimsoll_event_closed: all += "closed " + failure() + " "; break;
        default: FAIL("unknown event");
      }
    }
  }

 private:
  static std::string tag() { return std::to_string(outbox().tag) + " "; }

  static std::string failure() {
    const std::string text = error_text();
    return text.substr(0, text.find(':'));
  }

  std::string value() {
    REQUIRE(plimsoll_poll_node(id_) == 1);
    const PlimsollNode node = outbox().node;
    switch (node.type) {
      case plimsoll_type_integer: return std::to_string(node.integer);
      case plimsoll_type_null: return "null";
      case plimsoll_type_array:
      case plimsoll_type_push: {
        std::string all = "[";
        for (std::uint32_t i = 0; i < node.size; ++i) all += (i > 0 ? ", " : "") + value();
        return all + "]";
      }
      default: break;
    }
    if (node.bytes != nullptr) return {node.bytes, node.size};
    std::string whole;
    while (whole.size() < node.size) whole += value();
    return whole;
  }

  std::int32_t id_ = 0;
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
  const double deadline = plimsoll_poll_timeout(host.id());
  now = deadline;
  REQUIRE(plimsoll_handle_timeout(host.id(), now) == 0);
  CHECK(host.events() == "failed 1 timed_out ");
  // From here on only the health check is left, and before it the ticks of the memory line.
  const double check = heard + plimsoll_options()->health_check_interval;
  for (double next = 0; (next = plimsoll_poll_timeout(host.id())) < check;) {
    REQUIRE(next > now);
    now = next;
    REQUIRE(plimsoll_handle_timeout(host.id(), now) == 0);
  }
  CHECK(plimsoll_poll_timeout(host.id()) == check);
}

TEST_CASE("refusals are negative, and have words") {
  Host host;
  CHECK(host.submit(1, {"SUBSCRIBE", "news"}) == -plimsoll_error_refused_command);
  CHECK(outbox().error == plimsoll_error_refused_command);
  CHECK(error_text().starts_with("refused_command: this command changes the state"));
  CHECK(plimsoll_abort(host.id() + 1) == -plimsoll_error_invalid_argument);
  CHECK(plimsoll_handle_read(host.id(), 1, now) == -plimsoll_error_invalid_argument);
  CHECK(plimsoll_handle_written(host.id(), 1) == -plimsoll_error_invalid_argument);
}

TEST_CASE("a client gives back all that it held") {
  {
    const Host first;
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
    Host host;
    host.submit(1, {"GET", "a"});
  }
  CHECK(memory_in_use() == kept);
}
