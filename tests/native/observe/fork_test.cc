#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <fstream>
#include <string>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/dump.h"
#include "plimsoll/metrics.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/in_child.h"
#include "plimsoll/tests/native/observe/http_peer.h"
#include "plimsoll/tests/native/observe/metrics_page.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/temporary_directory.h"

// What a child of fork() shows of itself.

namespace plimsoll::testing::fork_test {
namespace {

using native::metrics_address;
using native::serve_metrics;

TEST_CASE("a child serves nothing, keeps no port, and can serve its own figures") {
  const native::Client client = connected(unix_url());
  const std::uint16_t port = port_in(serve_metrics({.listen = "127.0.0.1:0"}).value());
  CHECK(in_child([port] {
    if (!metrics_address().empty()) return false;
    const std::uint16_t own = port_in(serve_metrics({.listen = "127.0.0.1:0"}).value());
    const auto page = read_metrics_page(body_of(ask_http(own, "GET /metrics")));
    const bool is_its_own = page.at("plimsoll_clients").samples.at("") == 0 &&
                            page.at("plimsoll_metrics_scrapes_total").samples.at("") == 1;
    return is_its_own && ask_http(port, "GET /metrics").starts_with("HTTP/1.1 200");
  }));
  // The parent's port is the parent's alone: with it nobody listens any more.
  CHECK(in_child([port] {
    return serve_metrics({.listen = "127.0.0.1:" + std::to_string(port)}).has_value() == false;
  }));
  // A child that lives on does not keep it from anybody.
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const pid_t child = ::fork();
  char byte = 0;
  if (child == 0) {
    ::close(ends[0]);
    // fork() may return to the parent first: the child says when it has let the port go.
    if (::write(ends[1], &byte, 1) != 1) ::_exit(1);
    ::_exit(static_cast<int>(::read(ends[1], &byte, 1)));  // until the parent has closed its end
  }
  ::close(ends[1]);
  REQUIRE(::read(ends[0], &byte, 1) == 1);
  CHECK(serve_metrics({}));
  CHECK_FALSE(HttpPeer(port).connected());
  ::close(ends[0]);
  CHECK(::waitpid(child, nullptr, 0) == child);
}

// Dumps in a file.
std::size_t dumps_in(const std::string& path) {
  std::ifstream file(path);
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.find(", process ") != line.npos) ++count;
  }
  return count;
}

TEST_CASE("a child's signal is not its parent's, and it may dump for itself") {
  const TemporaryDirectory directory;
  native::DumpOptions options;
  options.path = directory.path() + "/parent";
  REQUIRE(native::dump_on_signal(options));
  CHECK(in_child([&directory] {
    ::raise(SIGUSR1);  // ignored
    native::DumpOptions own;
    own.path = directory.path() + "/child";
    if (!native::dump_on_signal(own)) return false;
    ::raise(SIGUSR1);
    return eventually([&own] { return dumps_in(own.path) == 1; });
  }));
  ::raise(SIGUSR1);
  CHECK(eventually([&options] { return dumps_in(options.path) > 0; }));
  CHECK(dumps_in(options.path) == 1);
  native::stop_dumping_on_signal();
}

}  // namespace
}  // namespace plimsoll::testing::fork_test
