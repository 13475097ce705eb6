// The program: its signals, and what it writes.

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/observe/http_peer.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/child_process.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/temporary_directory.h"

namespace plimsoll::testing::program_test {
namespace {

using Json = nlohmann::json;

// A line for the file of tokens: of which token, is of no interest here.
constexpr std::string_view tokens_line =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000 page\n";

class RunningBridge {
 public:
  // `config`: what the file says before its tables; `limits`: what [limits] says.
  // `tokens_come`: whether the file of tokens is there at the start, or is a pipe at first, from
  // which the bridge reads until give_tokens().
  enum class TokensCome { at_once, later };
  explicit RunningBridge(const std::string& config, const std::string& limits = {},
                         std::uint16_t port = 0, TokensCome tokens_come = TokensCome::at_once) {
    ::mkfifo(path("fifo").c_str(), 0600);
    fifo_reader_ = Descriptor(checked(::open(path("fifo").c_str(), O_RDONLY | O_NONBLOCK), "open"));
    if (tokens_come == TokensCome::at_once) write_tokens(std::string(tokens_line));
    if (tokens_come == TokensCome::later) ::mkfifo((folder_.path() + "/tokens").c_str(), 0600);
    std::ofstream(folder_.path() + "/bridge.toml")
        << "listen = [\"127.0.0.1:" << port
        << "\"]\nmetrics = \"127.0.0.1:0\"\ntokens_file = \"tokens\"\n"
        << config << "\n[upstreams.main]\nurl = \"valkey://127.0.0.1:1\"\n"
        << "[profiles.page]\nallow = [\"get\"]\n[limits]\n"
        << limits << '\n';
    program_.emplace(std::vector<std::string>{std::getenv("PLIMSOLL_BRIDGE"), "--config",
                                              folder_.path() + "/bridge.toml"},
                     folder_.path() + "/output");
  }

  void write_tokens(const std::string& text) { std::ofstream(folder_.path() + "/tokens") << text; }

  /// Calls `meanwhile` once the bridge reads the pipe.
  template <class Meanwhile>
  void give_tokens(const Meanwhile& meanwhile) {
    std::ofstream pipe(folder_.path() + "/tokens");  // waits for the reader
    meanwhile();
    ::unlink((folder_.path() + "/tokens").c_str());
    write_tokens(std::string(tokens_line));
    pipe << tokens_line;
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

  /// Nobody reads the pipe `fifo` any more.
  void leave_fifo() { fifo_reader_.close(); }

  void signal(int number) { ::kill(program_->pid(), number); }
  bool has_ended() {
    return eventually([this] { return !program_->running(); });
  }

  std::string output() const { return text_of("output"); }
  std::string text_of(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }

  bool says(std::string_view words) {
    return eventually([&] { return output().find(words) != std::string::npos; });
  }

  // The port of the address that follows these words.
  std::uint16_t port_behind(const std::string& words) {
    REQUIRE(says(words));
    const std::string text = output();
    const std::size_t at = text.find(':', text.find(words) + words.size());
    return static_cast<std::uint16_t>(std::stoi(text.substr(at + 1)));
  }

  std::vector<Json> lines() const {
    std::vector<Json> all;
    std::istringstream text(output());
    for (std::string line; std::getline(text, line);) {
      INFO(line);
      all.push_back(Json::parse(line));
      for (const char* const key : {"time", "level", "event", "message"}) {
        CHECK(all.back().at(key).is_string());
      }
    }
    return all;
  }

 private:
  const TemporaryDirectory folder_;
  Descriptor fifo_reader_;
  std::optional<ChildProcess> program_;
};

std::string ask(std::uint16_t port, const std::string& target) {
  return exchange_raw(port, "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

TEST_CASE("all lines are JSON if the configuration says so, whatever happens") {
  RunningBridge bridge("log_format = \"json\"");
  REQUIRE(bridge.says("listening on ws://"));
  bridge.signal(SIGHUP);
  REQUIRE(bridge.says("were read again"));
  bridge.write_tokens("no token\n");
  bridge.signal(SIGHUP);
  REQUIRE(bridge.says("stay in force"));
  bridge.signal(SIGUSR1);
  REQUIRE(bridge.says("plimsoll_bridge_build_info"));
  bridge.signal(SIGTERM);
  REQUIRE(bridge.has_ended());
  std::vector<std::string> events;
  for (const Json& line : bridge.lines()) events.push_back(line["event"]);
  CHECK(events == std::vector<std::string>{"metrics_listening", "listening", "reloaded",
                                           "configuration_invalid", "reload_refused", "metrics"});
}

TEST_CASE("a configuration that is wrong is told as JSON, too, if its file says so") {
  RunningBridge bridge("log_format = \"json\"\nbehind_proxy = 1");
  REQUIRE(bridge.has_ended());
  const auto lines = bridge.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["event"] == "configuration_invalid");
  CHECK(lines[0]["level"] == "error");
  CHECK(lines[0]["message"].get<std::string>().ends_with(
      "behind_proxy: is an integer; expected true or false"));
}

TEST_CASE("what prevents the start later is told as JSON, too") {
  const Descriptor other = bind_tcp(0);
  checked(::listen(other.number(), 1), "listen");
  RunningBridge bridge("log_format = \"json\"", "", port_of(other));
  REQUIRE(bridge.has_ended());
  const auto lines = bridge.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["event"] == "start_failed");
}

TEST_CASE("signals that come before the bridge listens are handled once it does") {
  RunningBridge bridge("", {}, 0, RunningBridge::TokensCome::later);
  bridge.give_tokens([&] {
    bridge.signal(SIGHUP);
    bridge.signal(SIGUSR1);
  });
  REQUIRE(bridge.says("listening on ws://"));
  CHECK(bridge.says("were read again"));
  CHECK(bridge.says("plimsoll_bridge_build_info"));
  bridge.signal(SIGTERM);
  CHECK(bridge.has_ended());
}

TEST_CASE("people get sentences") {
  RunningBridge bridge(GENERATE("", "threads = 3"));
  REQUIRE(bridge.says("\nlistening on ws://127.0.0.1:"));
  bridge.signal(SIGHUP);
  REQUIRE(bridge.says("\nplimsoll-bridge: SIGHUP: tokens and keys were read again"));
  bridge.signal(SIGUSR1);
  REQUIRE(bridge.says("\n# HELP plimsoll_bridge_build_info "));
  bridge.signal(SIGTERM);
  CHECK(bridge.has_ended());
}

TEST_CASE("SIGTERM begins the lame duck, which a second one ends; nobody's silence holds it up") {
  RunningBridge bridge(GENERATE("", "threads = 3"), "lame_duck = \"1 h\"");
  const std::uint16_t status_port = bridge.port_behind("metrics on http://127.0.0.1");
  const std::uint16_t port = bridge.port_behind("listening on ws://127.0.0.1");
  CHECK(ask(status_port, "/readyz").ends_with("main: Connection refused\n"));
  const HttpPeer silent(status_port);
  REQUIRE(silent.connected());
  bridge.signal(SIGTERM);
  REQUIRE(bridge.says("going: new connections are still accepted"));
  CHECK(ask(status_port, "/readyz").ends_with("\r\n\r\ndraining\n"));
  CHECK(status_of_upgrade(port, {}) == 401);  // it still answers
  bridge.signal(SIGTERM);
  CHECK(bridge.has_ended());
}

TEST_CASE("SIGHUP opens the file of the access log again, which may have been renamed") {
  RunningBridge bridge("access_log = \"access\"");
  const std::uint16_t port = bridge.port_behind("listening on ws://127.0.0.1");
  const auto lines_of = [&](const std::string& name) {
    const std::string text = bridge.text_of(name);
    return std::ranges::count(text, '\n');
  };
  CHECK(status_of_upgrade(port, {}) == 401);
  CHECK(eventually([&] { return lines_of("access") == 1; }));
  REQUIRE(::rename(bridge.path("access").c_str(), bridge.path("access.1").c_str()) == 0);
  CHECK(status_of_upgrade(port, {}) == 401);
  CHECK(eventually([&] { return lines_of("access.1") == 2; }));
  bridge.signal(SIGHUP);
  REQUIRE(bridge.says("were read again"));
  CHECK(status_of_upgrade(port, {}) == 401);
  CHECK(eventually([&] { return lines_of("access") == 1; }));
  CHECK(lines_of("access.1") == 2);
}

TEST_CASE("who reads the access log may stop reading, and go: the bridge counts what it lost") {
  RunningBridge bridge("access_log = \"fifo\"", "upgrades_per_second_per_address = 100000");
  const std::uint16_t status_port = bridge.port_behind("metrics on http://127.0.0.1");
  const std::uint16_t port = bridge.port_behind("listening on ws://127.0.0.1");
  const auto lost = [&] {
    const std::string text = ask(status_port, "/metrics");
    const std::string name = "\nplimsoll_bridge_log_lines_lost_total ";
    const std::size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
  };
  // A pipe takes sixteen pages, of lines that have more than 100 bytes.
  for (int i = 0; lost() == 0; ++i) {
    REQUIRE(i < 20'000);
    REQUIRE(status_of_upgrade(port, {}) == 401);
  }
  bridge.leave_fifo();
  const int before = lost();
  CHECK(status_of_upgrade(port, {}) == 401);
  CHECK(eventually([&] { return lost() > before; }));
  bridge.signal(SIGTERM);
  CHECK(bridge.has_ended());
}

TEST_CASE("a pipe that nobody reads is no access log, and does not hold up the start") {
  RunningBridge bridge("access_log = \"unread\"", "", 0, RunningBridge::TokensCome::later);
  bridge.give_tokens([&] { ::mkfifo(bridge.path("unread").c_str(), 0600); });
  REQUIRE(bridge.has_ended());
  CHECK(bridge.says("unread: cannot be written"));
}

}  // namespace
}  // namespace plimsoll::testing::program_test
