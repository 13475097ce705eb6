// Where the bridge's own clients connect: not wherever a name or a node of a cluster leads them.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/log.h"
#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"

namespace plimsoll::testing::shared_dial_test {
namespace {

BridgeOptions with_shared(const std::string& url, native::Options options = patient_options()) {
  BridgeOptions all;
  bridge::SharedServer server{.name = "main", .url = url, .options = std::move(options)};
  all.settings.rules.upstreams["main"].shared =
      std::make_shared<const bridge::SharedServer>(std::move(server));
  return all;
}

// What the library logs while this lives.
class Logged {
 public:
  Logged() {
    native::set_log_hook([this](const native::LogRecord& record) {
      const std::lock_guard lock(mutex_);
      text_.append(record.event_name).append(" ").append(record.body).append("\n");
    });
  }
  ~Logged() { native::set_log_hook(nullptr); }

  bool has(std::string_view words) {
    const std::lock_guard lock(mutex_);
    return text_.find(words) != std::string::npos;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

// A node of a cluster that has the lower half of the slots, and says who has the upper half.
class LyingNode {
 public:
  explicit LyingNode(std::string other) : other_(std::move(other)), thread_([this] { serve(); }) {}
  ~LyingNode() { thread_.join(); }

  std::string url() const { return listener_.url(); }

 private:
  // A client's main connection, and the one for the slots.
  void serve() {
    std::thread main([this, peer = listener_.accept()]() mutable { answer(peer); });
    Peer peer = listener_.accept();
    answer(peer);
    main.join();
  }

  void answer(Peer& peer) const {
    for (std::string words = peer.receive(); !words.empty(); words = peer.receive()) {
      peer.send(answer_to(words));
    }
  }

  std::string answer_to(std::string_view words) const {
    if (words.starts_with("HELLO")) return std::string(hello_reply);
    if (words == "PING") return "+PONG\r\n";
    if (words == "CLUSTER MYID") return bulk(std::string(40, 'a'));
    if (words == "CLUSTER SLOTS") {
      return "*2\r\n" + range(0, 8191, "127.0.0.1", listener_.port(), 'a') +
             range(8192, 16383, other_, 80, 'b');
    }
    if (words.starts_with("GET")) return bulk("here");
    return "+OK\r\n";
  }

  static std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
  }
  static std::string range(int first, int last, std::string_view host, int port, char id) {
    return "*3\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) + "\r\n*3\r\n" +
           bulk(host) + ":" + std::to_string(port) + "\r\n" + bulk(std::string(40, id));
  }

  const std::string other_;
  Listener listener_;
  std::thread thread_;
};

constexpr std::string_view get_lower = "*2\r\n$3\r\nGET\r\n$3\r\nbar\r\n";  // slot 5061
constexpr std::string_view get_upper = "*2\r\n$3\r\nGET\r\n$3\r\nfoo\r\n";  // slot 12182

TEST_CASE(
    "a node that says another one is at a link-local address does not lead the bridge there") {
  for (const std::string other : {"169.254.169.254", "2852039166", "fd00:ec2::254"}) {
    INFO(other);
    Logged logged;
    LyingNode node(other);
    native::Options options = patient_options();
    options.topology = TopologyChoice::cluster;
    options.request_timeout = std::chrono::seconds(1);
    const BridgeWorld world(with_shared(node.url(), options));
    WebSocketClient client(world.port());
    client.send("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");  // each version has a client of its own
    client.receive();
    client.send(get_lower);
    CHECK(client.receive() == "$4\r\nhere\r\n");
    client.send(get_upper);
    CHECK(eventually([&] { return logged.has("plimsoll.client.address_refused "); }));
    CHECK(client.receive().starts_with("-UNSENT plimsoll-bridge: "));
    const std::string shown = other.find(':') == other.npos ? other : "[" + other + "]";
    CHECK(logged.has(shown + ":80: link-local addresses, and clouds' addresses for metadata, "));
  }
}

// A resolver takes a number for an address; the configuration's own addresses have dots.
TEST_CASE("a name of a shared upstream that stands for a link-local address is not dialled") {
  native::Options options = patient_options();
  options.connect_timeout = std::chrono::seconds(1);
  BridgeWorld world(with_shared("valkey://2852039166:80", options));  // 169.254.169.254
  CHECK(status_of_upgrade(world.port(), {}) == 502);
  CHECK(eventually([&] { return world.log().find("link-local addresses") != std::string::npos; }));
}

}  // namespace
}  // namespace plimsoll::testing::shared_dial_test
