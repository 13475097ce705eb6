#include "plimsoll/native/bridge/status_pages.h"

#include <cstddef>
#include <exception>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/base/plain_text.h"
#include "plimsoll/native/bridge/log_output.h"
#include "plimsoll/native/bridge/metrics_text.h"
#include "plimsoll/native/bridge/stream/dial.h"
#include "plimsoll/native/observe/host_check.h"
#include "plimsoll/options.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
using native::TextPage;

// What /readyz quotes of a server's error, which anybody who could stand in for the server may
// write.
constexpr std::size_t problem_bytes_max = 200;

// A server that demands a login (-NOAUTH), or refuses PING (-NOPERM), does answer.
bool does_answer(std::string_view problem) {
  return problem.starts_with("-NOAUTH") || problem.starts_with("-NOPERM");
}

// A target for each address at which a shared upstream may be.
std::vector<Target> addresses_of(const Target& shared) {
  std::vector<Target> all;
  const auto parsed = native::parse_url(shared.shared->url, shared.shared->options);
  PLIMSOLL_CHECK(parsed);  // as it was when the configuration was read
  for (const native::Endpoint& each : parsed->endpoints) {
    all.push_back({.endpoint = each, .tls = shared.tls});
  }
  return all;
}

// For a parallel group of servers that are asked: gives the others up.
struct UntilOneAnswers {
  asio::cancellation_type operator()(const std::exception_ptr& failed,
                                     const std::string& problem) const {
    const bool does_answer = !failed && problem.empty();
    return does_answer ? asio::cancellation_type::all : asio::cancellation_type::none;
  }
};

}  // namespace

StatusPages::StatusPages(Servers& servers, const Settings& settings, const Budget& budget)
    : context_(servers.context()),
      servers_(servers),
      settings_(settings),
      budget_(budget),
      refused_(std::make_shared<std::atomic<std::uint64_t>>(0)),
      pages_(std::make_shared<native::PageServer>(
          context_.get_executor(),
          native::PageServerLimits{.connections_max = status_connections_max},
          [this](const std::string& target) { return find(target); }, refused_,
          [this](const Request& request, const asio::ip::address& here) {
            return refuse(request, here);
          })) {}

void StatusPages::start(const asio::ip::tcp::endpoint& endpoint) {
  // Beyond loopback, names of this machine are known only if the configuration has them.
  checks_host_ = endpoint.address().is_loopback() || !settings_.rules.hosts.empty();
  pages_->start(endpoint);
}

std::string StatusPages::metrics(const Servers::Done& done) const {
  return metrics_text({.counters = done.counters,
                       .connections = servers_.connections_count(),
                       .memory = budget_.statistics(),
                       .status_refused = refused_->load(std::memory_order_relaxed),
                       .log_lines_lost = LogOutput::lines_lost(),
                       .shared = done.shared});
}

std::optional<TextPage> StatusPages::refuse(const Request& request,
                                            const asio::ip::address& here) const {
  if (!checks_host_) return std::nullopt;
  return native::refuse_other_hosts(request, here, settings_.rules.hosts,
                                    "the option hosts can add it");
}

asio::awaitable<TextPage> StatusPages::find(const std::string& target) {
  const std::string_view path = std::string_view(target).substr(0, target.find('?'));
  if (path == "/healthz") co_return TextPage{.status = 200, .text = "ok\n"};
  if (path == "/readyz") co_return co_await readiness();
  if (path == "/metrics") {
    const Servers::Done done = co_await servers_.done();
    co_return TextPage{.status = 200, .text = metrics(done)};
  }
  co_return TextPage{.status = 404, .text = "no such page\n"};
}

asio::awaitable<TextPage> StatusPages::readiness() {
  const TextPage leaving{.status = 503, .text = "draining\n"};
  if (servers_.is_leaving()) co_return leaving;
  const std::string all = co_await problems();
  if (servers_.is_leaving()) co_return leaving;
  if (all.empty()) co_return TextPage{.status = 200, .text = "ready\n"};
  co_return TextPage{.status = 503, .text = "a server cannot be reached\n" + all};
}

// Asks all servers at the same time. Returns a line for each that does not answer.
asio::awaitable<std::string> StatusPages::problems() {
  if (settings_.rules.upstreams.empty()) co_return std::string();
  using Asked = decltype(asio::co_spawn(context_, line_of("", {}), asio::deferred));
  std::vector<Asked> asked;
  for (const auto& [name, target] : settings_.rules.upstreams) {
    asked.push_back(asio::co_spawn(context_, line_of(name, target), asio::deferred));
  }
  const auto [order, exceptions, lines] =
      co_await asio::experimental::make_parallel_group(std::move(asked))
          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  std::string all;
  for (const std::string& line : lines) all += line;
  for (const std::exception_ptr& each : exceptions) {
    if (each) all += "a server could not be asked\n";
  }
  co_return all;
}

asio::awaitable<std::string> StatusPages::line_of(const std::string& name, const Target& target) {
  const bool is_shared = target.shared != nullptr;
  bool is_connected = false;
  if (is_shared) is_connected = co_await servers_.is_connected(*target.shared);
  if (is_connected) co_return std::string();
  std::string problem;
  if (is_shared) {
    problem = co_await problem_of_all(target);
  } else {
    problem = co_await problem_of(target);
  }
  if (problem.empty()) co_return std::string();
  co_return name + ": " + native::plain_text(problem, problem_bytes_max) + "\n";
}

// Why it does not answer; empty: it does.
asio::awaitable<std::string> StatusPages::problem_of(const Target& target) {
  const Profile nobody;
  const auto dialled = co_await dial(target, nobody, settings_.connect_timeout);
  const auto* const problem = std::get_if<DialProblem>(&dialled);
  co_return problem == nullptr || does_answer(problem->what) ? std::string() : problem->what;
}

// Asks all addresses of a shared upstream at the same time, until one answers.
asio::awaitable<std::string> StatusPages::problem_of_all(const Target& target) {
  const std::vector<Target> targets = addresses_of(target);
  using Asked = decltype(asio::co_spawn(context_, problem_of({}), asio::deferred));
  std::vector<Asked> asked;
  for (const Target& each : targets) {
    asked.push_back(asio::co_spawn(context_, problem_of(each), asio::deferred));
  }
  const auto [order, exceptions, problems] =
      co_await asio::experimental::make_parallel_group(std::move(asked))
          .async_wait(UntilOneAnswers(), asio::use_awaitable);
  std::string all;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!exceptions[i] && problems[i].empty()) co_return std::string();
    if (!all.empty()) all += "; ";
    all += targets[i].endpoint.to_string() + ": " + problems[i];
  }
  co_return targets.size() == 1 ? problems[0] : all;
}

}  // namespace plimsoll::bridge
