#include "plimsoll/native/driver/servers.h"

#include "plimsoll/error.h"

namespace plimsoll::inline v0::native {
namespace {

std::string to_text(const NodeAddress& address) {
  Endpoint endpoint;
  endpoint.host = address.host();
  endpoint.port = address.port();
  return endpoint.to_string();
}

// Why a sentinel has named no primary, without its address.
std::string problem_of(const Sentinels::Known& known, Connections& connections) {
  if (known.watches_none) return "watches no primary of this name";
  if (*known.problem.what == '\0') return {};
  const Connection* const connection = connections.find(known.connection);
  if (connection == nullptr) return known.problem.what;
  const Connection::Trouble& trouble = connection->trouble();
  if (trouble.is_over || trouble.what != known.problem.what) return known.problem.what;
  // Behind the address, which FailureWords shows in front of the transport's words.
  return trouble.detail.substr(connection->endpoint().to_string().size() + 2);
}

}  // namespace

std::string server_of(const plimsoll::Client& core, const Target& target) {
  if (const Sentinels* const sentinels = core.sentinels()) {
    return sentinels->primary().empty() ? target.primary_name : to_text(sentinels->primary());
  }
  return target.endpoints[static_cast<std::size_t>(core.seed())].to_string();
}

void describe_connection(const plimsoll::Client& core, const Connection& main,
                         ClientSnapshot& snapshot) {
  if (const NearCache* const near = core.near_cache()) snapshot.cache_state = near->state();
  if (const Tracking tracking = core.tracking(); tracking.state == Tracking::State::refused) {
    snapshot.tracking_problem = Error(tracking.error).what();
  }
  const plimsoll::Error& problem = snapshot.statistics.last_problem;
  if (*problem.what == '\0') return;
  const Connection::Trouble& trouble = main.trouble();
  const std::string detail = problem.what == trouble.what ? trouble.detail : std::string();
  snapshot.last_problem = Error(problem, detail).what();
}

Topology topology_of(const plimsoll::Client& core, const Target& target, Connections& connections) {
  Topology all;
  const Sentinels* const sentinels = core.sentinels();
  const bool is_known = sentinels == nullptr || !sentinels->primary().empty();
  if (is_known) all.primary = server_of(core, target);
  if (sentinels == nullptr) return all;
  all.kind = Topology::Kind::sentinel;
  all.switches = sentinels->switches();
  all.sentinels_left_out = sentinels->left_out();
  sentinels->for_each([&](const Sentinels::Known& known) {
    const auto number = static_cast<std::size_t>(known.seed);
    all.sentinels.push_back(
        {.address = known.told ? to_text(*known.told) : target.endpoints[number].to_string(),
         .is_connected = known.is_connected,
         .primary = known.primary ? to_text(*known.primary) : std::string(),
         .problem = problem_of(known, connections)});
  });
  return all;
}

std::string words_of_sentinels(const plimsoll::Client& core, const Target& target,
                               Connections& connections) {
  std::string all;
  for (const Topology::Sentinel& each : topology_of(core, target, connections).sentinels) {
    if (!all.empty()) all += "; ";
    all += each.address + ": ";
    if (!each.primary.empty()) {
      all += "names " + each.primary;
    } else {
      all += each.problem.empty() ? "has not answered yet" : each.problem;
    }
  }
  return all;
}

}  // namespace plimsoll::inline v0::native
