#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/credit_window.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/wasm/abi_types.h"
#include "plimsoll/wasm/area.h"
#include "plimsoll/wasm/hosted_cache.h"
#include "plimsoll/wasm/node_walk.h"

// A client as a host holds it: with the texts of its options, and with what must be remembered to
// tell a host's mistake from its due. The core takes these calls from our own drivers and CHECKs
// them; here they are errors (invalid_argument), which change nothing.

namespace plimsoll::wasm {

class HostedClient {
 public:
  /// A client in memory that `budget` was charged for, which reads through `cache` unless that is
  /// null. The texts that `options` refer to are copied, `source` is not needed any more. Errors:
  /// those of validate() and Client::use_cache(), out_of_memory.
  static Result<HostedClient*> create(Budget& budget, const ClientOptions& options,
                                      HostedCache* cache, std::string_view source);

  /// Ends a client that create() made in `budget`.
  static void destroy(HostedClient& client, Budget& budget);

  HostedClient(const HostedClient&) = delete;
  HostedClient& operator=(const HostedClient&) = delete;

  /// For the calls that a host cannot get wrong.
  Client& client() { return client_; }

  /// So many bytes are kept by the host in all. rejected_by_limit: as many as before.
  Status hold(std::uint64_t bytes);

  /// Whether the host may go on with other calls: an error while it has not heard all that it has
  /// to hear first. What poll() has told is no more.
  Status begin_call() {
    if (has_admitted_ || held_) [[unlikely]]
      return refuse_call();
    walk_ = {};
    return {};
  }

  Status abort();
  Status set_credentials(const Credentials& credentials);
  /// Client::set_shown(); of a client without a cache nobody wants to know.
  void set_shown(std::string_view text) {
    if (cache_ != nullptr) client_.set_shown(text);
  }

  /// Stages `command`, or gets in line. `max_staleness`: as of Client::submit_fresh().
  Result<PlimsollOutcome> submit(const CommandView& command, std::uint32_t tag,
                                 std::optional<Duration> timeout, Duration max_staleness,
                                 Instant now);
  /// Stages `command`, or it is refused.
  Status stage(const CommandView& command, std::uint32_t tag, std::optional<Duration> timeout,
               Instant now);
  /// Nobody was admitted, or another command than this one: an error.
  Status submit_admitted(const CommandView& command, std::uint32_t tag);
  Status prove(std::uint32_t tag, std::optional<Duration> timeout, Instant now);
  /// Another one than that which was admitted: an error, while one is.
  Status cancel(RequestId request, Instant now);

  // An error where the connection is not what the call is about.
  Result<std::uint32_t> open_exclusive(Instant now);
  Status submit_to(std::uint32_t connection, const CommandView& command, std::uint32_t tag,
                   std::optional<Duration> timeout, Instant now);
  Status release(std::uint32_t connection, Instant now);
  Result<std::uint32_t> open_subscription(Instant now);
  enum class Subscribe : std::uint8_t { begin, end };
  Status subscribe(Subscribe what, std::uint32_t connection, std::uint32_t kind,
                   std::span<const std::string_view> names, std::uint32_t tag,
                   std::optional<Duration> timeout, Instant now);
  Status next_messages(std::uint32_t connection, std::uint32_t messages_max, std::uint32_t tag,
                       std::optional<Duration> timeout, Instant now);
  Status close_subscription(std::uint32_t connection, Instant now);
  Result<SubscriptionStatistics> subscription_statistics(std::uint32_t connection) const;

  /// The request that was staged last.
  RequestId last_request() const { return last_request_; }

  /// Without an Action::Kind::open before it that is still to be answered: an error. `credits`: not
  /// 0 where the peer wants some. Returns what to grant it first; out_of_memory.
  Result<std::size_t> handle_opened(std::uint32_t connection, std::uint32_t credits, Instant now);
  /// Without a connection, or after an Action::Kind::close: an error.
  Status handle_closed(std::uint32_t connection, const Error& reason, Instant now);

  /// Room for what arrives: empty where there is no memory, or no connection any more. More is
  /// `waiting` than the peer was granted: protocol_error.
  Result<std::span<char>> read_space(std::uint32_t connection, std::size_t waiting);
  /// More than the room that read_space() gave last, or that is no more: an error. Returns what to
  /// grant the peer.
  Result<std::size_t> handle_read(std::uint32_t connection, std::size_t size, Instant now);

  /// What is charged for the credits of all connections.
  std::size_t credit_bytes() const;

  /// Before handle_written() has answered the spans given last: an error.
  Result<std::size_t> poll_transmit(std::uint32_t connection, std::span<std::string_view> spans);
  /// More than poll_transmit() gave: an error.
  Status handle_written(std::uint32_t connection, std::size_t size);

  /// Tells in `area` what happened, as far as there is room, and returns how many events that are.
  Result<std::uint32_t> poll(Area& area);

  /// PlimsollMore, after poll().
  PlimsollMore more() const;

  /// What to do, once poll() has nothing more to tell.
  std::optional<Action> poll_action();

  /// The nodes of a value that is told in parts.
  NodeWalk& walk() { return walk_; }

 private:
  /// What pays for a client and its texts.
  struct Cost {
    Charge own;  // beyond what Client::Accounts pays for
    Block texts;
  };

  // A connection as the host knows it, which is behind the core until it has polled.
  enum class Link : std::uint8_t { none, opening, open };
  enum class Role : std::uint8_t { other, exclusive, subscription };
  struct Connection {
    Link link = Link::none;
    Role role = Role::other;
    std::uint32_t read_space_bytes = 0;  // room that the host may fill
    std::uint32_t unwritten_bytes = 0;   // given to the host to send
  };

  // A list of those whose peers want credits: TCP pays no more than for its head.
  struct Credits {
    Credits(Account& replies, std::uint32_t of) : window(replies), connection(of) {}

    CreditWindow window;
    std::uint32_t connection;
    Box<Credits> next;
  };

  HostedClient(const ClientOptions& options, Client::Accounts accounts, Cost cost)
      : cost_(std::move(cost)),
        client_(options, std::move(accounts)),
        kept_by_host_(client_.requests_account()) {}
  ~HostedClient();

  Status refuse_call() const;
  bool is_connected(std::uint32_t connection) const;
  std::size_t open_credits(std::uint32_t connection);
  void end_credits(std::uint32_t connection);
  CreditWindow* find_credits(std::uint32_t connection) const;
  Result<Connection*> find(std::uint32_t connection);
  Result<Connection*> find(std::uint32_t connection, Role role);
  Duration timeout_or(std::optional<Duration> timeout) const;
  Status note(const Result<RequestId>& request);
  Result<std::uint32_t> note_role(const Result<ConnectionId>& connection, Role role);

  Cost cost_;
  Block credentials_;
  Client client_;
  Charge kept_by_host_;
  HostedCache* cache_ = nullptr;
  Duration request_timeout_{};
  bool waits_for_room_ = false;
  RequestId last_request_ = 0;
  std::optional<Event> held_;  // it was not told yet: the area was full
  MessagesMissed held_missed_;
  bool lies_outside_ = false;  // the last value that was told: it is let go of by the next poll()
  bool has_admitted_ = false;  // told by poll(), and not yet answered
  NodeWalk walk_;
  std::array<Connection, connections_max> connections_{};
  Box<Credits> credits_;
};

}  // namespace plimsoll::wasm
