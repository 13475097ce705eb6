#include "plimsoll/native/bridge/status_pages.h"

#include <string>
#include <variant>

#include "plimsoll/native/bridge/dial.h"

namespace plimsoll::bridge {

namespace asio = boost::asio;
using native::TextPage;

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
  if (!reaches_all) return {.status = 503, .text = "a server is out of reach\n"};
  return {.status = 200, .text = "ready\n"};
}

// A server that asks for a login, or lets nobody PING without one, is there, too.
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

}  // namespace plimsoll::bridge
