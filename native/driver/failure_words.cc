#include "plimsoll/native/driver/failure_words.h"

#include <utility>

#include "plimsoll/error.h"

namespace plimsoll::inline v0::native {

const std::string& FailureWords::of_main() const {
  static const std::string none;
  const Connection::Trouble& trouble = connections_.main().trouble();
  return trouble.is_over ? none : trouble.detail;
}

std::string FailureWords::of(const Event& event, const plimsoll::Client& core) const {
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

void FailureWords::note_attempt(const plimsoll::Error& problem) {
  if (!are_several() || *problem.what == '\0') return;
  const Connection& main = connections_.main();
  const Connection::Trouble& trouble = main.trouble();
  const bool is_of_transport = !trouble.is_over && trouble.what == problem.what;
  attempts_.resize(target_.endpoints.size());
  attempts_[static_cast<std::size_t>(main.seed())] =
      is_of_transport ? trouble.detail : main.endpoint().to_string() + ": " + problem.what;
}

std::string FailureWords::of_attempts() const {
  std::string all;
  for (const std::string& each : attempts_) {
    if (each.empty()) continue;
    if (!all.empty()) all += "; ";
    all += each;
  }
  return all;
}

}  // namespace plimsoll::inline v0::native
