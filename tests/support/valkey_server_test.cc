#include "plimsoll/tests/support/valkey_server.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/tests/support/inline_command.h"
#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing::valkey_server_test {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

bool eventually(auto condition) {
  const auto deadline = std::chrono::steady_clock::now() + test_timeout(5s);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

bool exists(pid_t pid) { return ::kill(pid, 0) == 0; }

TEST_CASE("a server answers as soon as it is there, on a short path that only its user reaches") {
  const ValkeyServer server;
  CHECK(server.ask("PING") == "+PONG\r\n");
  CHECK(server.ask("ECHO \"a b\"") == "$3\r\na b\r\n");
  CHECK(server.socket_path().size() < 50);
  CHECK(server.url() == "unix://" + server.socket_path());
  CHECK(server.port() == 0);

  struct stat status{};
  REQUIRE(::stat(server.socket_path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0077) == 0);
}

TEST_CASE("a server listens on a free port too where that is asked for") {
  const ValkeyServer one({.listen = Listen::unix_socket_and_tcp});
  const ValkeyServer other({.listen = Listen::unix_socket_and_tcp});
  CHECK(one.port() != 0);
  CHECK(one.port() != other.port());
  CHECK(one.url() == "valkey://127.0.0.1:" + std::to_string(one.port()));
  CHECK_THAT(one.ask("CONFIG GET port"), ContainsSubstring(std::to_string(one.port())));
}

TEST_CASE("options reach the server") {
  const ValkeyServer server({.arguments = {"--maxmemory", "5mb"}});
  CHECK_THAT(server.ask("CONFIG GET maxmemory"), ContainsSubstring("5242880"));
}

TEST_CASE("a server with a password counts as ready") {
  const ValkeyServer server({.arguments = {"--requirepass", "secret"}});
  CHECK_THAT(server.ask("GET key"), ContainsSubstring("NOAUTH"));
}

TEST_CASE("a server that cannot start is an error with its own words") {
  CHECK_THROWS_WITH(ValkeyServer({.arguments = {"--no-such-option", "1"}}),
                    ContainsSubstring("no-such-option"));
  CHECK_THROWS_WITH(ValkeyServer({.program = "no-such-program"}),
                    ContainsSubstring("no-such-program did not start"));
}

TEST_CASE("a paused server is silent, and answers when it goes on") {
  ValkeyServer server;
  server.pause();
  CHECK_FALSE(inline_command(server.socket_path(), "PING", 50ms));
  server.resume();
  CHECK(server.ask("PING") == "+PONG\r\n");
}

TEST_CASE("a killed server is gone, and comes back empty at the same place") {
  ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  const auto port = server.port();
  server.ask("SET key value");
  server.kill();
  CHECK_THROWS_AS(server.ask("PING"), std::runtime_error);
  server.restart();
  CHECK(server.port() == port);
  CHECK(server.ask("EXISTS key") == ":0\r\n");
}

TEST_CASE("a server comes back with what it had saved, or without") {
  ValkeyServer server;
  server.ask("SET key value");
  server.ask("SAVE");
  server.ask("SET later value");
  server.restart(Data::kept);
  CHECK(server.ask("EXISTS key") == ":1\r\n");
  CHECK(server.ask("EXISTS later") == ":0\r\n");
  server.restart(Data::lost);
  CHECK(server.ask("EXISTS key") == ":0\r\n");
}

TEST_CASE("a server with a log of its writes comes back with all that it had answered") {
  ValkeyServer server({.arguments = {"--appendonly", "yes", "--appendfsync", "no"}});
  server.ask("SET key value");
  server.restart(Data::kept);
  CHECK(server.ask("EXISTS key") == ":1\r\n");
  server.restart(Data::lost);
  CHECK(server.ask("EXISTS key") == ":0\r\n");
}

TEST_CASE("a server says LOADING until it is told to finish") {
  ValkeyServer server({.arguments = {"--enable-debug-command", "yes", "--rdbcompression", "no"}});
  server.ask("DEBUG POPULATE 2000 key 1000");
  server.ask("SAVE");
  server.restart_loading();
  CHECK_THAT(server.ask("GET key:1"), ContainsSubstring("LOADING"));
  server.finish_loading();
  CHECK(server.ask("DBSIZE") == ":2000\r\n");
}

TEST_CASE("a server may come back with other options") {
  ValkeyServer server;
  server.set_arguments({"--requirepass", "secret"});
  server.restart();
  CHECK_THAT(server.ask("GET key"), ContainsSubstring("NOAUTH"));
}

TEST_CASE("a paused server can be killed and restarted") {
  ValkeyServer server;
  server.pause();
  server.restart();
  CHECK(server.ask("PING") == "+PONG\r\n");
}

TEST_CASE("nothing is left of a server when its object is gone") {
  pid_t pid = -1;
  std::string directory;
  {
    const ValkeyServer server;
    pid = server.pid();
    directory = std::filesystem::path(server.socket_path()).parent_path();
    CHECK(exists(pid));
    CHECK(std::filesystem::exists(directory));
  }
  CHECK_FALSE(exists(pid));
  CHECK_FALSE(std::filesystem::exists(directory));
}

TEST_CASE("a server holds no descriptor of the process that started it") {
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  const ValkeyServer server;
  ::close(pair[0]);
  char byte = 0;
  CHECK(::recv(pair[1], &byte, 1, MSG_DONTWAIT) == 0);  // the end, not "nothing yet"
  ::close(pair[1]);
}

TEST_CASE("a server ends with the process that started it, even one that is killed") {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t starter = ::fork();
  if (starter == 0) {
    const ValkeyServer server;
    const std::string& path = server.socket_path();
    if (::write(pipe[1], path.data(), path.size()) < 0) ::_exit(1);
    for (;;) ::pause();
  }
  char path[108];
  const ssize_t size = ::read(pipe[0], path, sizeof path);
  REQUIRE(size > 0);
  const std::string socket(path, static_cast<std::size_t>(size));
  CHECK(inline_command(socket, "PING", test_timeout(1s)));

  ::kill(starter, SIGKILL);
  ::waitpid(starter, nullptr, 0);
  CHECK(eventually([&] { return !inline_command(socket, "PING", test_timeout(1s)); }));

  std::filesystem::remove_all(std::filesystem::path(socket).parent_path());
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_CASE("time limits of tests stretch with PLIMSOLL_TIMEOUT_SCALE") {
  const char* before = std::getenv("PLIMSOLL_TIMEOUT_SCALE");
  const std::string kept = before == nullptr ? "1" : before;
  ::setenv("PLIMSOLL_TIMEOUT_SCALE", "20", 1);
  CHECK(test_timeout(250ms) == 5s);
  ::setenv("PLIMSOLL_TIMEOUT_SCALE", "nonsense", 1);
  CHECK(test_timeout(250ms) == 250ms);
  ::setenv("PLIMSOLL_TIMEOUT_SCALE", kept.c_str(), 1);
}

}  // namespace
}  // namespace plimsoll::testing::valkey_server_test
