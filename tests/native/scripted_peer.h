#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/client.h"

// A server that does what the test says, well or badly. It runs in the test's own thread: the
// client runs on the shared one.

namespace plimsoll::testing {

/// One connection of a client, seen from the server. Every wait has a limit, and throws
/// std::runtime_error when it is over.
class Peer {
 public:
  explicit Peer(int descriptor) : descriptor_(descriptor) {}
  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&& other) noexcept;
  ~Peer();

  /// Sends all of `bytes`; what of it a client that has gone does not get is nobody's problem.
  void send(std::string_view bytes);

  /// The words of the next request, with blanks between; empty where the client has closed.
  std::string receive();

  /// Whether there is more of the client's to receive by now.
  bool has_more() const;

  /// Receives a client's handshake; and answers it as a server does.
  void receive_handshake();
  void shake_hands();

  /// Ends the connection, in order or with a reset.
  void close();
  void reset();

  int descriptor() const { return descriptor_; }

 private:
  bool read_more();
  std::string take_line();
  std::string take(std::size_t count);

  int descriptor_ = -1;
  std::string read_;
};

/// What a server answers to HELLO 3, and to the whole handshake without credentials and database:
/// HELLO, CLIENT SETINFO twice, PING.
inline constexpr std::string_view hello_reply = "%1\r\n$5\r\nproto\r\n:3\r\n";
inline constexpr std::string_view handshake_replies =
    "%1\r\n$5\r\nproto\r\n:3\r\n+OK\r\n+OK\r\n+PONG\r\n";
inline constexpr int handshake_requests_count = 4;

/// A free port of 127.0.0.1 on which the test listens.
class Listener {
 public:
  /// `backlog` as in listen(2).
  explicit Listener(int backlog = 16);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  std::string url() const { return "valkey://" + address(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }

  /// Whether a client has connected that is not accepted yet.
  bool has_waiting() const;

  /// The next connection.
  Peer accept();

  /// A client that has shaken hands, and its peer.
  std::pair<native::Client, Peer> connect(native::Options options);

 private:
  int descriptor_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace plimsoll::testing
