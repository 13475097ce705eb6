#include "plimsoll/native/driver/failure_words.h"

#include <optional>
#include <utility>

#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/sentinels.h"
#include "plimsoll/error.h"
#include "plimsoll/native/driver/servers.h"

namespace plimsoll::inline v0::native {

const std::string& FailureWords::of_main() const {
  static const std::string none;
  const Connection::Trouble& trouble = connections_.main().trouble();
  return trouble.is_over ? none : trouble.detail;
}

std::string FailureWords::of(const Event& event, const plimsoll::Client& core) const {
  if (const Cluster* const cluster = core.cluster()) {
    if (const std::optional<ConnectionId> awaited = cluster->awaited(*event.error)) {
      const Connection* const connection = connections_.find(*awaited);
      const bool is_in_trouble = connection != nullptr && !connection->trouble().is_over;
      return is_in_trouble ? connection->trouble().detail : std::string();
    }
  }
  if (const auto* trouble = connections_.side_trouble(event.error->what)) {
    return trouble->detail;
  }
  if (!of_main().empty() || event.error->code != ErrorCode::timed_out) return of_main();
  const ClientStatistics statistics = core.statistics();
  switch (statistics.state) {
    case Session::State::waiting:
    case Session::State::opening:
    case Session::State::handshaking: return Error(statistics.last_problem).what();
    case Session::State::idle:
    case Session::State::ready:
    case Session::State::closing:
    case Session::State::closed: return {};
  }
  return {};
}

// Of the last attempt at the main connection.
std::string FailureWords::describe(const plimsoll::Error& problem) const {
  const Connection& main = connections_.main();
  const Connection::Trouble& trouble = main.trouble();
  const bool is_of_transport = !trouble.is_over && trouble.what == problem.what;
  return is_of_transport ? trouble.detail : main.endpoint().to_string() + ": " + problem.what;
}

void FailureWords::note_attempt(const plimsoll::Error& problem) {
  if (!are_several() || asks_sentinels() || *problem.what == '\0') return;
  attempts_.resize(target_.endpoints.size());
  attempts_[static_cast<std::size_t>(connections_.main().seed())] = describe(problem);
}

std::string FailureWords::of_attempts(const plimsoll::Client& core,
                                      const plimsoll::Error& last) const {
  if (const Sentinels* const sentinels = core.sentinels()) {
    const bool is_of_server = sentinels->finding() == Sentinels::Finding::found;
    return is_of_server ? describe(last) : words_of_sentinels(core, target_, connections_);
  }
  std::string all;
  for (const std::string& each : attempts_) {
    if (each.empty()) continue;
    if (!all.empty()) all += "; ";
    all += each;
  }
  return all;
}

}  // namespace plimsoll::inline v0::native
