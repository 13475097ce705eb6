#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/credit_window.h"
#include "plimsoll/native/byte_stream.h"
#include "plimsoll/native/counted.h"

// One connection of a driver: resolving, connecting, handshakes, reading and writing. It is made
// when the core first asks for a connection of its number, lives as long as the driver, and is
// opened and closed as the core says. Whatever is asynchronous is bound to one attempt, and is
// ignored when it comes after that. Reads wait for readability and take a buffer only then, so that
// an idle connection holds none.
//
// All of it runs in the driver's turns, but for trouble(), which is guarded by the driver's lock.

namespace plimsoll::native {

class Driver;
class WebSocketStream;

class Connection {
 public:
  Connection(Driver& driver, ConnectionId id);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  ConnectionId id() const { return id_; }

  /// Begins an attempt, which ends in the core's handle_opened() or handle_closed().
  void open();

  void close();

  /// An attempt waits for Options::credentials.
  bool wants_credentials() const { return phase_ == Phase::wanting_credentials; }
  void handle_credentials();
  void handle_no_credentials(std::string_view why);

  /// Reads as soon as there is something, unless that is under way.
  void arm_read();

  /// Sends what is staged, as far as the socket takes it.
  void flush();

  /// The server serves on this connection: the next loss starts with the first address again.
  void handle_ready() { tries_ = 0; }

  /// What the transport said last.
  struct Trouble {
    bool is_over = true;         // there was a connection since
    const char* what = nullptr;  // the core's word for it: whose `what` this is, has this detail
    std::string detail;
  };
  Trouble& trouble() { return trouble_; }

 private:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using Endpoints = std::vector<boost::asio::generic::stream_protocol::endpoint>;

  void begin();
  void resolve();
  void connect(const Endpoints& endpoints);
  void handle_connected();
  void tune_socket();
  bool is_connected_to_itself() const;
  void register_afresh(boost::system::error_code& problem);
  void handle_failed(const boost::system::error_code& problem);
  void handle_failed(const plimsoll::Error& error, std::string_view words);
  void begin_stream();
  bool begin_websocket(std::string& shown);
  void await_handshake();
  void shake_hands();
  void handle_stream_failed();
  void handle_open();

  void handle_readable();
  void read_soon();
  bool read_once();
  void grant();
  void wait_if_blocked();
  void wait_writable();
  void handle_writable();
  void fail_soon();

  Driver& driver_;
  const ConnectionId id_;
  Socket socket_;
  // Of the attempt under way. Each has its own: an attempt that was given up may still have a step
  // to go, which would take the socket of the next one for its own.
  std::shared_ptr<Socket> connecting_;
  std::optional<boost::asio::ip::tcp::resolver> resolver_;

  std::uint64_t attempt_ = 0;  // counts connections, so that news of an old one is ignored
  std::size_t tries_ = 0;      // at a connection, since there was one
  enum class Phase : std::uint8_t { closed, wanting_credentials, shaking_hands, open };
  Phase phase_ = Phase::closed;
  Counted counted_;  // while it is open
  bool reading_ = false;
  bool write_blocked_ = false;

  std::optional<CreditWindow> window_;  // over a bridge
  std::unique_ptr<ByteStream> stream_;
  WebSocketStream* websocket_ = nullptr;  // it, over a bridge
  std::optional<boost::asio::steady_timer> patience_;

  Trouble trouble_;
};

}  // namespace plimsoll::native
