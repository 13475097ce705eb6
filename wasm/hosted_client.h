#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/wasm/node_walk.h"

// A client as a host holds it: with the texts of its options, and with what must be remembered to
// tell a host's mistake from its due. The core takes these calls from our own drivers and CHECKs
// them; here they are errors (invalid_argument), which change nothing.

namespace plimsoll::wasm {

class HostedClient {
 public:
  /// A client in memory that `budget` was charged for. The texts that `options` refer to are
  /// copied. Errors: those of validate(), out_of_memory.
  static Result<HostedClient*> create(Budget& budget, const ClientOptions& options);

  /// Ends a client that create() made in `budget`.
  static void destroy(HostedClient& client, Budget& budget);

  HostedClient(const HostedClient&) = delete;
  HostedClient& operator=(const HostedClient&) = delete;

  /// For the calls that a host cannot get wrong.
  Client& client() { return client_; }

  /// Without an Action::Kind::open before it that is still to be answered: an error.
  Status handle_opened(Instant now);
  /// Without a connection, or after an Action::Kind::close: an error.
  Status handle_closed(const Error& reason, Instant now);

  /// Room for what arrives: empty where there is no memory, or no connection any more.
  std::span<char> read_space();
  /// More than the room that read_space() gave last, or that is no more: an error.
  Status handle_read(std::size_t size, Instant now);

  /// Before handle_written() has answered the spans given last: an error.
  Result<std::size_t> poll_transmit(std::span<std::string_view> spans);
  /// More than poll_transmit() gave: an error.
  Status handle_written(std::size_t size);

  std::optional<Action> poll_action();
  std::optional<Event> poll_event();

  /// The next node of the value that came with the last event, or null.
  const Node* poll_node() { return walk_.next(); }

 private:
  /// What pays for a client and its texts.
  struct Cost {
    Charge own;  // beyond what Client::Accounts pays for
    Block texts;
  };

  HostedClient(const ClientOptions& options, Client::Accounts accounts, Cost cost)
      : cost_(std::move(cost)), client_(options, std::move(accounts)) {}
  ~HostedClient() = default;

  bool is_connected() const;

  // The connection as the host knows it, which is behind the core until it has polled.
  enum class Link : std::uint8_t { none, opening, open };

  Cost cost_;
  Client client_;
  Link link_ = Link::none;
  std::size_t read_space_bytes_ = 0;  // room that the host may fill
  std::size_t unwritten_bytes_ = 0;   // given to the host to send
  NodeWalk walk_;
};

}  // namespace plimsoll::wasm
