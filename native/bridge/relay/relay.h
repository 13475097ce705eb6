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
#include "plimsoll/native/bridge/gate/rate.h"
#include "plimsoll/native/bridge/http/handshake.h"
#include "plimsoll/native/bridge/relay/counters.h"
#include "plimsoll/native/bridge/relay/credit.h"
#include "plimsoll/native/bridge/relay/liveness.h"
#include "plimsoll/native/bridge/stream/stream.h"
#include "plimsoll/native/bridge/tokens/grant.h"

// One client and its connection to a server: requests go through the gate, replies as far as the
// client has granted and takes them. Whoever is slow holds up nobody but itself: while one side
// cannot write, the other is not read. An idle relay holds no buffer but a small one.

namespace plimsoll::bridge {

struct RelayOptions {
  std::size_t message_bytes_max = std::size_t{1} << 20;
  /// Of RESP in one message to a client, which is what waits for it to be taken.
  std::size_t sent_bytes_max = std::size_t{64} << 10;
  RequestLimits requests;
  /// See Liveness.
  std::chrono::milliseconds ping_interval{25'000};
  std::uint32_t pongs_missed_max = 2;
  /// How long a client may leave what is there for it, and a server.
  std::chrono::milliseconds stall_timeout{30'000};
  std::chrono::milliseconds handshake_timeout{5000};
};

/// How a relay ended.
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

  /// `rate` is that of the client's commands: what is more waits, unread. `account` pays for
  /// buffers. All
  /// references but `grant` outlive this, which operations that are ending may keep beyond run().
  Relay(Stream client, Stream server, const Grant& grant, Rate& rate, const RelayOptions& options,
        const Policy& policy, Account& account, Counters& counters);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Answers the handshake and carries until either side ends it, or end() is called.
  boost::asio::awaitable<RelayEnd> run(Request request, std::string_view protocol);

  const Grant& grant() const { return grant_; }

  /// Closes with that code. The first call counts.
  void end(Code code, std::string_view reason);

  /// Closes both connections now, without a word.
  void abort(std::string_view why);

  /// Ends it if its token has expired, or if the client or the server has left for too long what is
  /// there for it; pings the client, and aborts it if that is gone, or does not answer a close. To
  /// be called now and then: a timer for each would cost more.
  void check(std::chrono::steady_clock::time_point now,
             std::chrono::system_clock::time_point wall_now);

 private:
  using Awaitable = boost::asio::awaitable<void>;

  void tune(std::string_view protocol);
  Awaitable carry_requests();
  Awaitable carry_replies();
  boost::asio::awaitable<bool> take_large();
  boost::asio::awaitable<std::optional<std::size_t>> take(std::span<char> space);
  Awaitable forward(std::string_view data);
  Awaitable forward_at_rate(std::string_view data);
  Awaitable wait_for_rate();
  Awaitable wait_for_credit();
  Awaitable send_large(std::span<const char> begin);
  Awaitable send(std::span<char> message, std::size_t size);
  void end_for(GateOutcome outcome);
  void handle_client_gone(const boost::system::error_code& problem);
  void handle_server_gone(std::string_view why);
  std::size_t sendable_bytes() const;
  void check_liveness(std::chrono::steady_clock::time_point now);
  void begin_close();
  void end_operations();

  const Grant grant_;
  const RelayOptions& options_;
  Account& account_;
  Counters& counters_;
  // Of what client_ is doing, each of which may wait for another rather than for the socket.
  struct Operations {
    boost::asio::cancellation_signal reading;
    boost::asio::cancellation_signal writing;
    boost::asio::cancellation_signal pinging;
    boost::asio::cancellation_signal closing;
  };
  Operations operations_;
  WebSocket client_;
  Stream server_;
  Gate gate_;
  CreditReader credit_;
  bool has_credits_ = false;
  bool is_open_ = false;
  bool is_over_ = false;
  Rate& rate_;
  Liveness liveness_;
  bool is_pinging_ = false;
  boost::asio::steady_timer change_;                // cancelled when there is credit, or it is over
  std::optional<boost::asio::steady_timer> pause_;  // of a client that sends more than it may
  using Since = std::optional<std::chrono::steady_clock::time_point>;
  Since waiting_since_;         // for the client: to grant, or to take
  Since server_waiting_since_;  // for the server: to take
  bool is_paced_ = false;       // the client may send no more now
  Since closing_since_;
  RelayEnd result_;
  // What an idle relay reads into: many a request and reply needs no other memory.
  std::array<char, 128> small_;
  std::array<char, 160> small_reply_;
};

}  // namespace plimsoll::bridge
