// What it costs to be looked at: the endpoint of metrics, scraped every second while a core is
// loaded with GETs, with few and with many clients. Counted is all that the thread does that serves
// it (Runtime::upkeep()), in the system, too.

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/client.h"
#include "plimsoll/memory.h"
#include "plimsoll/metrics.h"
#include "plimsoll/native/runtime/runtime.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace {

using namespace plimsoll::bench;
using plimsoll::native::Client;
using std::chrono::steady_clock;

constexpr std::size_t window = 100;

struct Effort {
  int scrapes;
  std::chrono::milliseconds interval;
};
constexpr Effort full_effort{.scrapes = 20, .interval = std::chrono::seconds(1)};
constexpr Effort quick_effort{.scrapes = 3, .interval = std::chrono::milliseconds(10)};

plimsoll::native::Options slow_options() {
  plimsoll::native::Options options;
  options.request_timeout = std::chrono::minutes(1);
  options.connect_timeout = std::chrono::minutes(1);
  options.client_name = "bench-observe";
  return options;
}

// GETs, as many in flight as the window says, on the runtime's own thread until it goes.
class Load {
 public:
  explicit Load(Client& client) : client_(client) {
    boost::asio::post(client.get_executor(), [this] {
      for (std::size_t i = 0; i < window; ++i) get();
    });
  }
  ~Load() {
    over_ = true;
    done_.get_future().wait();
  }

 private:
  void get() {
    client_.get("bench:key", [this](const auto& value) {
      if (!value) fail("plimsoll", value.error().what());
      if (!over_) return get();
      if (++ended_ == window) done_.set_value();
    });
  }

  Client& client_;
  std::atomic<bool> over_ = false;
  std::size_t ended_ = 0;
  std::promise<void> done_;
};

// Of the thread that serves.
double upkeep_seconds() {
  std::promise<double> seconds;
  boost::asio::post(plimsoll::native::Runtime::get().upkeep(), [&seconds] {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    seconds.set_value(static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9);
  });
  return seconds.get_future().get();
}

// How many bytes it gave.
std::size_t scrape(std::uint16_t port) {
  constexpr std::string_view request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const auto socket = plimsoll::testing::connect_to(plimsoll::testing::tcp_address(port));
  if (::send(socket.number(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    fail("the endpoint", "it takes no request");
  }
  std::array<char, 65536> piece;
  std::size_t bytes = 0;
  for (;;) {
    const ssize_t count = ::recv(socket.number(), piece.data(), piece.size(), 0);
    if (count <= 0) break;
    bytes += static_cast<std::size_t>(count);
  }
  if (bytes < 1000) fail("the endpoint", "it does not answer");
  return bytes;
}

void measure(std::size_t clients_count, const std::string& url, std::uint16_t port,
             const Effort& effort, Report& report) {
  std::vector<Client> clients;
  for (std::size_t i = 0; i < clients_count; ++i) {
    auto client = plimsoll::native::connect(url, slow_options(), boost::asio::use_future).get();
    if (!client) fail("plimsoll", client.error().what());
    clients.push_back(*std::move(client));
  }
  const Load load(clients[0]);
  std::size_t bytes = scrape(port);  // what it allocates first is not counted
  const double before = upkeep_seconds();
  const auto start = steady_clock::now();
  for (int i = 1; i <= effort.scrapes; ++i) {
    bytes = scrape(port);
    std::this_thread::sleep_until(start + i * effort.interval);
  }
  const std::chrono::duration<double> elapsed = steady_clock::now() - start;
  const double used = upkeep_seconds() - before;
  report.add({.name = "scraped every second, clients: " + std::to_string(clients_count),
              .ours = used / elapsed.count() * 100,
              .unit = "% of a core",
              .goal = time_at_most(0.5),
              .counters = {{"scrape_bytes", bytes},
                           {"scrape_microseconds",
                            static_cast<std::uint64_t>(used / effort.scrapes * 1e6)}}});
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  CommandLine command_line("What the endpoint of metrics costs.", options);
  if (const auto status = command_line.parse(argc, argv)) return *status;
  const plimsoll::testing::ValkeyServer server(
      {.listen = plimsoll::testing::Listen::unix_socket_and_tcp});
  server.ask("SET bench:key " + std::string(100, 'v'));
  plimsoll::native::configure_memory({.memory_limit = "256 MiB"}).value();
  const std::string address = plimsoll::native::serve_metrics({.listen = "127.0.0.1:0"}).value();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  Report report = make_report("observe", options);
  report.add_machine(machine_description());
  for (const std::size_t clients : {1U, 100U, 1000U}) {
    measure(clients, "unix://" + server.socket_path(), port,
            options.quick ? quick_effort : full_effort, report);
  }
  return report.finish();
}
