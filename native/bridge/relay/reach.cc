#include "plimsoll/native/bridge/relay/reach.h"

#include <memory>
#include <string>
#include <utility>

#include "plimsoll/native/transport/tcp_options.h"

namespace plimsoll::bridge {

boost::asio::awaitable<std::variant<ServerEnd, DialProblem>> reach(const Target& target,
                                                                   const Authorization& who,
                                                                   SharedClients& clients,
                                                                   const ReachOptions& options) {
  const Profile& profile = *who.profile;
  if (target.shared != nullptr) {
    DialProblem problem = co_await clients.reach(*target.shared, profile);
    if (!problem.what.empty()) co_return problem;
    co_return ServerEnd(std::make_shared<SharedSession>(clients, *target.shared, profile, who.id,
                                                        options.max_staleness));
  }
  auto dialled = co_await dial(target, profile, options.connect_timeout);
  if (auto* const problem = std::get_if<DialProblem>(&dialled)) co_return std::move(*problem);
  Stream& server = std::get<Stream>(dialled);
  native::set_tcp_options(server.socket().native_handle(), options.unacknowledged_max);
  co_return ServerEnd(std::move(server));
}

}  // namespace plimsoll::bridge
