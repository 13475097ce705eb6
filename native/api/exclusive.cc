#include "plimsoll/exclusive.h"

#include <string>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/folded.h"
#include "plimsoll/encoded.h"

namespace plimsoll::native {
namespace {

constexpr plimsoll::Error waits{.code = ErrorCode::refused_command,
                                .what = "a command that waits has a connection of its own",
                                .expected = "the client itself for it"};

}  // namespace

// The lease knows its driver only once the user has this: whoever owns the operation that brings it
// must not be owned by it.
Exclusive Exclusive::begin(const Channel& client, Opening& opening) {
  opening.channel = client;
  opening.held = std::make_shared<HeldConnection>(client.driver, HeldConnection::Use::exclusive);
  return Exclusive(Channel{.driver = nullptr, .held = opening.held, .timeout = client.timeout});
}

// The answer to PING, be it a refusal, says that the connection is there.
void Exclusive::Opening::operator()(Operation& operation) const {
  channel.driver->submit_by(
      [this](plimsoll::Client& core, Instant now, Tag tag) -> plimsoll::Result<RequestId> {
        const plimsoll::Result<ConnectionId> connection = core.open_exclusive(now);
        if (!connection) return connection.error();
        held->begin(*connection);
        return core.submit_to(*connection, commands::fixed<"PING">(), now, channel.timeout, tag);
      },
      operation);
}

Result<void> receive(const Delivery& delivery, Exclusive& exclusive) {
  const bool answered = delivery.value != nullptr;
  if (!answered && (delivery.error != nullptr || delivery.failure != nullptr)) {
    return to_error(delivery);
  }
  exclusive.channel_.held->keep_driver();
  exclusive.channel_.driver = exclusive.channel_.held->driver();
  return {};
}

const Channel& Exclusive::channel() const {
  PLIMSOLL_CHECK(channel_.driver != nullptr);
  return channel_;
}

plimsoll::Status Exclusive::check(const CommandView& command) {
  if (command.block_time == Duration::zero()) return {};
  const std::string request = encoded(command);
  // Behind the count of its words.
  const std::string_view words = std::string_view(request).substr(request.find('$'));
  for (const std::string_view name : {"$4\r\nWAIT\r\n", "$7\r\nWAITAOF\r\n"}) {
    if (words.size() > name.size() && commands::is_token(words.substr(0, name.size()), name))
      return {};
  }
  return waits;
}

}  // namespace plimsoll::native
