#include "plimsoll/exclusive.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/random.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/native/base/random_seed.h"

namespace plimsoll::inline v0::native {
// The held connection gets its driver only in receive(), when the user has the Exclusive. Before
// that the driver owns the operation, the operation owns the Exclusive, and a reference back to the
// driver would be a circle that nothing frees.
Exclusive Exclusive::begin(const Channel& client, Opening& opening) {
  opening.channel = client;
  opening.held = std::make_shared<HeldConnection>(client.driver, HeldConnection::Use::exclusive);
  return Exclusive(Channel{.driver = nullptr, .held = opening.held, .timeout = client.timeout});
}

namespace {

// What is in doubt is the client's own PING: nothing of the caller's was sent.
Error not_opened(const Delivery& delivery) {
  Error error = to_error(delivery);
  if (error.executed() == Executed::no) return error;
  const bool is_lost = error.code() == ErrorCode::lost_in_doubt;
  return Error(is_lost ? ErrorCode::connection_lost : error.code(), Executed::no, error.text());
}

}  // namespace

// Any answer to PING, also a refusal, proves that the connection is open.
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
    return not_opened(delivery);
  }
  exclusive.channel_.held->keep_driver();
  exclusive.channel_.driver = exclusive.channel_.held->driver();
  return {};
}

const Channel& Exclusive::channel() const {
  PLIMSOLL_CHECK(channel_.driver != nullptr);
  return channel_;
}

plimsoll::Result<CommandView> Exclusive::prepare(std::span<const std::string_view> words) {
  return commands::prepare_exclusive(words);
}

plimsoll::Status Exclusive::check(const CommandView& command) {
  return commands::check_exclusive(command);
}

// Half of the wait is drawn, so that the programs that wait for one election do not all begin again
// at once.
std::chrono::milliseconds detail::wait_behind(int attempts) {
  constexpr std::chrono::milliseconds first{10};
  constexpr std::chrono::milliseconds longest{500};
  constexpr int doublings_max = 6;
  const auto most = std::min(first * (1 << std::min(attempts - 1, doublings_max)), longest);
  const auto half = static_cast<std::uint64_t>(most.count() / 2);
  return most - std::chrono::milliseconds(Random(random_seed()).below(half + 1));
}

detail::Remedy detail::remedy_for(const Error& error, bool was_sent) {
  switch (error.code()) {
    // The slot has moved, and the client knows now where it is; or half of it has (ASK), and it
    // will take a moment until the rest follows.
    case ErrorCode::cluster_redirect:
    // The cluster has no owner for the slot; an election, or its operator, will give it one.
    case ErrorCode::cluster_down: return Remedy::begin_again;
    case ErrorCode::connection_lost:
    case ErrorCode::lost_unsent: return Remedy::open_another;
    case ErrorCode::lost_in_doubt: return was_sent ? Remedy::none : Remedy::open_another;
    default: return Remedy::none;
  }
}

}  // namespace plimsoll::inline v0::native
