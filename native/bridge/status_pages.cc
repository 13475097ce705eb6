#include "plimsoll/native/bridge/status_pages.h"

#include <string>
#include <string_view>
#include <variant>

#include "plimsoll/native/bridge/stream/dial.h"
#include "plimsoll/native/observe/prometheus_text.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
using native::MetricType;
using native::TextPage;

struct Metric {
  std::uint64_t Counters::* value;
  std::string_view name;
  std::string_view help;
};

constexpr Metric counter_metrics[] = {
    {&Counters::connections_accepted, "connections_accepted_total", "TCP connections of clients"},
    {&Counters::upgrades, "upgrades_total", "WebSockets that were admitted"},
    {&Counters::refused_handshakes, "refused_handshakes_total", "requests that were refused"},
    {&Counters::pages, "pages_total", "requests for pages that were answered"},
    {&Counters::page_bytes, "page_bytes_total", "bytes of pages"},
    {&Counters::upstream_failures, "upstream_failures_total", "connections to servers that failed"},
    {&Counters::upstream_losses, "upstream_losses_total", "connections that servers ended"},
    {&Counters::bytes_from_clients, "received_bytes_total", "bytes of messages of clients"},
    {&Counters::bytes_to_clients, "sent_bytes_total", "bytes of RESP to clients"},
    {&Counters::commands_allowed, "commands_allowed_total", "commands that passed"},
    {&Counters::commands_refused, "commands_refused_total", "commands that were refused"},
    {&Counters::stalls, "stalls_total", "times that a client without credit had replies waiting"},
    {&Counters::stalled_cuts, "stalled_cuts_total",
     "clients that were disconnected for not reading"},
    {&Counters::silent_cuts, "silent_cuts_total",
     "clients that were disconnected for not answering pings"},
    {&Counters::paced, "paced_total", "times that a client had to wait for its rate of commands"},
    {&Counters::held_back, "held_back_total",
     "times that a request had to wait for replies to earlier ones"},
    {&Counters::out_of_memory, "out_of_memory_total",
     "connections that were refused or ended because there was no memory"},
    {&Counters::dropped_half_open, "dropped_half_open_total",
     "connections without a whole request that made room for others"},
};

void add(std::string& text, MetricType type, std::string_view name, std::string_view help,
         std::uint64_t value) {
  const std::string full = "plimsoll_bridge_" + std::string(name);
  native::PrometheusText writer(text);
  writer.begin(full, type, help);
  writer.add({}, value);
}

}  // namespace

StatusPages::StatusPages(asio::io_context& context, const Server& server, const Settings& settings,
                         const Budget& budget)
    : server_(server),
      settings_(settings),
      budget_(budget),
      pages_(std::make_shared<native::PageServer>(
          context.get_executor(), native::PageServerLimits{},
          [this](const std::string& target) { return find(target); })) {}

asio::awaitable<TextPage> StatusPages::find(const std::string& target) {
  TextPage found = page(target);
  if (target == "/readyz") {
    const bool all = co_await reaches_all();
    found = readiness(all);
  }
  co_return found;
}

TextPage StatusPages::page(std::string_view target) const {
  if (target == "/healthz") return {.status = 200, .text = "ok\n"};
  if (target == "/metrics") {
    return {.status = 200,
            .text = metrics_text(server_.counters(), server_.connections_count(),
                                 budget_.statistics())};
  }
  return {.status = 404, .text = "no such page\n"};
}

TextPage StatusPages::readiness(bool reaches_all) const {
  if (server_.is_draining()) return {.status = 503, .text = "draining\n"};
  if (!reaches_all) return {.status = 503, .text = "a server cannot be reached\n"};
  return {.status = 200, .text = "ready\n"};
}

// Whether every server answers. A server that demands a login (-NOAUTH), or refuses PING (-NOPERM),
// does answer.
asio::awaitable<bool> StatusPages::reaches_all() {
  const Profile nobody;
  for (const auto& [name, target] : settings_.rules.upstreams) {
    const auto dialled = co_await dial(target, nobody, settings_.connect_timeout);
    const auto* const problem = std::get_if<DialProblem>(&dialled);
    if (problem == nullptr) continue;
    if (problem->what.starts_with("-NOAUTH") || problem->what.starts_with("-NOPERM")) continue;
    co_return false;
  }
  co_return true;
}

std::string metrics_text(const Counters& counters, std::size_t connections,
                         const BudgetStatistics& memory) {
  std::string text;
  add(text, MetricType::gauge, "connections", "TCP connections of clients now", connections);
  add(text, MetricType::gauge, "half_open_connections",
      "connections now without a whole request, or refused", counters.half_open);
  add(text, MetricType::gauge, "relays", "open WebSockets now", counters.relays);
  add(text, MetricType::gauge, "memory_limit_bytes", "the memory limit", memory.limit);
  add(text, MetricType::gauge, "memory_used_bytes", "memory in use", memory.used);
  add(text, MetricType::gauge, "memory_peak_bytes", "the most memory in use so far", memory.peak);
  for (const Metric& each : counter_metrics) {
    add(text, MetricType::counter, each.name, each.help, counters.*each.value);
  }
  return text;
}

}  // namespace plimsoll::bridge
