#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/address.hpp>

#include "plimsoll/log.h"
#include "plimsoll/metrics.h"
#include "plimsoll/native/observe/host_check.h"
#include "plimsoll/native/observe/listen_address.h"
#include "plimsoll/native/observe/of_process.h"
#include "plimsoll/native/observe/page_server.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::inline v0::native {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

struct MetricsEndpoint {
  explicit MetricsEndpoint(std::uint64_t forks) : fork_count(forks) {}

  const std::uint64_t fork_count;

  std::mutex moving;  // held while the endpoint moves, which waits for the upkeep thread
  std::shared_ptr<PageServer> server;
  std::string listen;

  std::mutex mutex;  // guards the address; callbacks in the upkeep thread may take it
  std::string address;
  std::atomic<std::uint64_t> scrapes = 0;
  const std::shared_ptr<std::atomic<std::uint64_t>> refused =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

// The listening socket. A child of fork() closes it: the child has no thread that would accept, and
// must not keep the port occupied after its parent has ended.
std::atomic<int> listening = -1;

[[maybe_unused]] const int endpoint_registered = ::pthread_atfork(nullptr, nullptr, [] {
  const int inherited = listening.exchange(-1);
  if (inherited >= 0) ::close(inherited);
});

asio::awaitable<TextPage> find_page(const std::string& target) {
  TextPage page;
  if (target.substr(0, target.find('?')) == "/metrics") {
    page.text = metrics_text();
  } else {
    page.status = 404;
    page.text = "no such page; there is /metrics\n";
  }
  co_return page;
}

std::optional<TextPage> refuse_other_names(const PageServer::Request& request,
                                           const asio::ip::address& here) {
  return refuse_other_hosts(request, here, {}, "ask for localhost, or for the address itself");
}

// Calls `act` in the serving thread, and waits until it returns.
template <class Act>
void in_upkeep(const asio::any_io_executor& upkeep, const Act& act) {
  std::promise<void> done;
  asio::dispatch(upkeep, [&] {
    act();
    done.set_value();
  });
  done.get_future().wait();
}

std::string_view advice(int number) {
  switch (number) {
    case EADDRINUSE:
      return "another address or port: a process has this one, maybe another copy of this program";
    case EACCES: return "a port of 1024 or more, or the right to listen on lower ones";
    case EADDRNOTAVAIL: return "an address of this machine, such as 127.0.0.1";
    default: return "an address and a port that can be listened on";
  }
}

Error refusal(std::string_view listen, std::string_view why, std::string_view expected) {
  std::string text = "metrics.listen is \"";
  text.append(listen).append("\": ").append(why).append("; expected ").append(expected);
  return Error(ErrorCode::invalid_option, Executed::no, text);
}

struct Started {
  std::shared_ptr<PageServer> server;
  std::optional<std::error_code> problem;
};

Started start(const asio::any_io_executor& upkeep, MetricsEndpoint& here,
              const ListenAddress& address) {
  Started started;
  // At another address the machine may rightly be called by any name.
  PageServer::Refuse refuse;
  if (address.is_loopback()) refuse = refuse_other_names;
  started.server = std::make_shared<PageServer>(
      upkeep, PageServerLimits{.connections_max = metrics_connections_max}, find_page, here.refused,
      std::move(refuse));
  in_upkeep(upkeep, [&] {
    try {
      started.server->start(Tcp::endpoint(asio::ip::make_address(address.host), address.port));
    } catch (const std::system_error& problem) {
      started.problem = problem.code();
    }
  });
  return started;
}

void stop(const asio::any_io_executor& upkeep, MetricsEndpoint& here) {
  if (!here.server) return;
  listening = -1;
  in_upkeep(upkeep, [&] { here.server->stop(); });
}

std::string address_of(MetricsEndpoint& here) {
  const std::lock_guard lock(here.mutex);
  return here.address;
}

void use_nothing(MetricsEndpoint& here) {
  here.server = nullptr;
  here.listen.clear();
  const std::lock_guard lock(here.mutex);
  here.address.clear();
}

void use(MetricsEndpoint& here, std::shared_ptr<PageServer> server, const std::string& listen) {
  here.server = std::move(server);
  here.listen = listen;
  const int descriptor = here.server->native_handle();
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  listening = descriptor;
  const Tcp::endpoint bound = here.server->endpoint();
  const ListenAddress address{.host = bound.address().to_string(), .port = bound.port()};
  const std::lock_guard lock(here.mutex);
  here.address = address.to_string();
}

void warn_of_exposure(const std::string& address) {
  log(Severity::warn, "plimsoll.metrics.beyond_loopback",
      "metrics are served on " + address + ", to other machines as well, without a password or TLS",
      {{.name = "server.address", .value = address}});
}

// If the new address has the old one's port, the old endpoint must be closed first.
Result<std::string> move_to(MetricsEndpoint& here, const ListenAddress& address,
                            const std::string& listen) {
  const asio::any_io_executor upkeep = Runtime::get().upkeep();
  const auto before = parse_listen_address(address_of(here));
  const bool same_port = before && before->port == address.port;
  if (same_port) stop(upkeep, here);
  Started started = start(upkeep, here, address);
  if (started.problem) {
    if (same_port) {
      Started again = start(upkeep, here, *before);
      again.problem ? use_nothing(here) : use(here, std::move(again.server), here.listen);
    }
    return refusal(listen, started.problem->message(), advice(started.problem->value()));
  }
  if (!same_port) stop(upkeep, here);
  use(here, std::move(started.server), listen);
  return address_of(here);
}

// Whether to log a warning about the address. The caller logs the warning after it has released the
// lock.
enum class Exposure : std::uint8_t { none, beyond_loopback };

Result<std::string> serve(const std::string& listen, Exposure& exposure) try {
  auto& here = of_process<MetricsEndpoint>();
  const std::lock_guard lock(here.moving);
  if (listen == here.listen) return address_of(here);
  if (listen.empty()) {
    stop(Runtime::get().upkeep(), here);
    use_nothing(here);
    return std::string();
  }
  const auto address = parse_listen_address(listen);
  if (!address) {
    return refusal(listen, "it is no address and port",
                   "\"127.0.0.1:9121\", \"[::1]:9121\" or \"localhost:9121\"");
  }
  Result<std::string> served = move_to(here, *address, listen);
  if (served && !address->is_loopback()) exposure = Exposure::beyond_loopback;
  return served;
} catch (const std::system_error& problem) {
  return refusal(listen, problem.what(), "a system that can start one more thread");
}

}  // namespace

Result<std::string> serve_metrics(const MetricsOptions& options) {
  Exposure exposure = Exposure::none;
  Result<std::string> served = serve(options.listen, exposure);
  if (exposure == Exposure::beyond_loopback) warn_of_exposure(*served);
  return served;
}

std::string metrics_address() { return address_of(of_process<MetricsEndpoint>()); }

std::string metrics_text() {
  auto& here = of_process<MetricsEndpoint>();
  Observed all = observe(metrics_clients_max, metrics_caches_max);
  all.scrapes = here.scrapes.fetch_add(1, std::memory_order_relaxed) + 1;
  all.scrapes_refused = here.refused->load(std::memory_order_relaxed);
  return detail::metrics_text(all);
}

}  // namespace plimsoll::inline v0::native
