#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/native/bridge/gate/gate.h"
#include "plimsoll/native/bridge/gate/shared_rate.h"
#include "plimsoll/native/bridge/http/handshake.h"
#include "plimsoll/native/bridge/relay/ahead_bytes.h"
#include "plimsoll/native/bridge/relay/counters.h"
#include "plimsoll/native/bridge/relay/credit.h"
#include "plimsoll/native/bridge/relay/liveness.h"
#include "plimsoll/native/bridge/relay/server_end.h"
#include "plimsoll/native/bridge/replies/owed_replies.h"
#include "plimsoll/native/bridge/replies/reply_sizes.h"
#include "plimsoll/native/bridge/stream/stream.h"
#include "plimsoll/native/bridge/tokens/authorization.h"

// One client's WebSocket and its end of a server (server_end.h). Two coroutines carry bytes:
// requests pass the gate on their way to the server, replies go to the client as far as its credit
// allows.
//
//   accepting --run()--> open --end()--> closing --client's close--> over
//       |                 |                 |                          ^
//       +-----------------+-----------------+--abort()-----------------+
//
//   accepting  the handshake is answered; end() only notes the code, and run() closes
//   open       is_open_; both coroutines carry. drain() lets them go on until nothing is owed
//   closing    is_over_ and closing_since_; the server's socket is closed, the close frame is being
//              sent, and requests are read and dropped until the client answers the close
//   over       both sockets are closed; run() returns as soon as no operation is pending
//
// Invariants:
// - A slow side delays only its own relay. While the server takes no requests, the client is not
//   read; while the client takes no replies or gives no credit, the server is not read. A side
//   that stalls for stall_timeout ends the relay.
// - The server gets a request only when OwedReplies has room for it. Until then the client is not
//   read, except if it has given no credit: its next credit lies behind its requests, which wait
//   in ahead_ meanwhile.
// - A relay without traffic holds only the two small arrays in it. Larger buffers come from the
//   account when more arrives than fits into these.
// - The first end() decides the close code and the reason; later ones change nothing.
// - A Beast operation may outlive run(): abort() closes the sockets while a ping or a close is
//   still under way. Completion handlers therefore hold a shared_ptr to the relay.

namespace plimsoll::bridge {

struct RelayOptions {
  std::size_t message_bytes_max = std::size_t{1} << 20;
  /// The most bytes of RESP in one message to a client, and so the most that waits for the client.
  std::size_t sent_bytes_max = std::size_t{64} << 10;
  RequestLimits requests;
  /// Bytes of requests that are read from a client without credit, for the credit behind them.
  std::size_t requests_ahead_bytes_max = std::size_t{16} << 20;
  /// See Liveness.
  std::chrono::milliseconds ping_interval{25'000};
  std::uint32_t pongs_missed_max = 2;
  /// How long a client or a server may leave bytes unread that the relay has for it.
  std::chrono::milliseconds stall_timeout{30'000};
  std::chrono::milliseconds handshake_timeout{5000};
};

/// How a relay ended, for the access log.
struct RelayEnd {
  boost::beast::websocket::close_code code = boost::beast::websocket::close_code::none;
  std::string reason;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t commands_allowed = 0;
  std::uint64_t commands_refused = 0;
};

class Relay : public std::enable_shared_from_this<Relay> {
 public:
  using WebSocket = boost::beast::websocket::stream<Stream, false>;
  using Code = boost::beast::websocket::close_code;

  /// What a relay shares with others. All of it must outlive the relay, which pending operations
  /// may keep alive after run() has returned.
  struct Shared {
    const RelayOptions& options;
    const Policy& policy;
    const ReplyWindow& window;
    const KeptLimits& kept;
    ReplySizes& sizes;
    /// Tells this upstream's replies from others in `sizes`.
    std::uint64_t upstream;
    SharedRate&
        rate;  ///< limits the client's commands: while it is used up, the client is not read
    Account& account;  ///< pays for buffers
    AheadShare& ahead;
    Counters& counters;
  };

  Relay(Stream client, ServerEnd server, const Authorization& authorization, const Shared& shared);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Answers the handshake, then carries until either side ends the connection, or end() or abort()
  /// is called.
  boost::asio::awaitable<RelayEnd> run(Request request, std::string_view protocol);

  const Authorization& authorization() const { return authorization_; }

  /// Closes the WebSocket with `code`, and the connection to the server. Only the first call
  /// counts.
  void end(Code code, std::string_view reason);

  /// Closes the WebSocket with 1001 as soon as nothing is owed to the client and nothing has come
  /// from it, or at `deadline`.
  void drain(std::chrono::steady_clock::time_point deadline);

  /// Closes both sockets at once, without a close frame.
  void abort(std::string_view why);

  /// Ends the relay if its token has expired, or if the client or the server has stalled for
  /// stall_timeout. Pings the client, and aborts if the client does not answer pings or a close.
  /// The server calls this for all relays once a tick: a timer for each relay would cost more.
  void check(std::chrono::steady_clock::time_point now,
             std::chrono::system_clock::time_point wall_now);

 private:
  using Awaitable = boost::asio::awaitable<void>;

  void tune(std::string_view protocol);
  Awaitable carry_requests();
  Awaitable carry_replies();
  boost::asio::awaitable<bool> take_large();
  boost::asio::awaitable<std::optional<std::size_t>> take(std::span<char> space);
  void begin_reading();
  std::string_view end_reading(const boost::system::error_code& problem,
                               std::span<const char> part);
  Awaitable forward(std::string_view data);
  Awaitable write_rest(std::string_view rest, boost::system::error_code& problem);
  Awaitable wait_for_rate();
  Awaitable wait_for_room();
  Awaitable pause();
  Awaitable read_ahead();
  Awaitable forward_ahead();
  Awaitable wait_for_credit();
  Awaitable wait_for_grant();
  Awaitable send_large(std::span<const char> begin);
  Awaitable send(std::span<char> bytes);
  boost::asio::awaitable<bool> send_message(std::span<char> bytes);
  void handle_room();
  bool is_drained() const;
  void end_if_drained();
  void end_for(GateOutcome outcome);
  void check_close_code();
  void handle_client_gone(const boost::system::error_code& problem);
  void handle_server_gone(std::string_view why);
  std::size_t sendable_bytes() const;
  void check_liveness(std::chrono::steady_clock::time_point now);
  void begin_close();
  void end_operations();

  const Authorization authorization_;
  const RelayOptions& options_;
  Account& account_;
  Counters& counters_;
  // Operations of client_ that are under way. In Beast they may wait for each other instead of the
  // socket, so closing the socket does not end all of them: see end_operations().
  struct Operations {
    boost::asio::cancellation_signal reading;
    boost::asio::cancellation_signal writing;
    boost::asio::cancellation_signal pinging;
    boost::asio::cancellation_signal closing;
  };
  Operations operations_;
  WebSocket client_;
  ServerEnd server_;
  Gate gate_;
  CreditReader credit_;
  bool has_credits_ = false;
  bool is_open_ = false;
  bool is_over_ = false;
  OwedReplies owed_;
  AheadBytes ahead_;
  std::size_t unsent_ = 0;  // bytes that the client's socket has not taken yet
  SharedRate& rate_;
  Liveness liveness_;
  bool is_pinging_ = false;
  boost::asio::steady_timer change_;  // cancelled when credit arrives, or at the end
  // Where carry_requests() waits for its rate, or for room; made when it does for the first time.
  std::optional<boost::asio::steady_timer> pause_;
  bool is_reading_ = false;  // the client
  bool is_waiting_for_room_ = false;
  std::uint32_t room_at_ = 0;  // how few requests are in flight when waiting for room ends
  using Since = std::optional<std::chrono::steady_clock::time_point>;
  Since waiting_since_;         // for the client to give credit, or to take replies
  Since server_waiting_since_;  // for the server to take requests
  bool is_paced_ = false;       // waiting for `rate_`: the client is not read
  Since closing_since_;
  Since drained_at_;  // when a relay that drains ends at the latest
  RelayEnd result_;
  // The buffers of an idle relay. Many requests and replies fit, and need no other memory.
  std::array<char, 128> small_;
  std::array<char, 184> small_reply_;
};

}  // namespace plimsoll::bridge
