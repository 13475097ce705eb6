#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace plimsoll::testing {

/// Which way bytes go through a proxy.
enum class Direction : std::uint8_t { to_server, to_client };

/// What becomes of a connection that is cut.
enum class Cut : std::uint8_t {
  reset,       ///< both sides see ECONNRESET
  close,       ///< both sides see an orderly end
  half_close,  ///< the receiver sees an orderly end, the other direction goes on
  swallow,     ///< bytes that go this way are taken, and never arrive
  stall,       ///< bytes that go this way are not taken, until heal(): buffers fill
};

/// A network that fails as it is told: listens on a free port of 127.0.0.1 and hands each
/// connection's bytes on to one server, in a thread of its own.
///
/// A call takes effect before it returns. Connections that begin between a fault of all and heal()
/// have the fault as well. Destroying it resets what is connected.
class FaultProxy {
 public:
  /// In front of a server on a unix socket, or on a port of 127.0.0.1. Whether there is one is
  /// asked for each connection: one that cannot be handed on is reset. Throws std::system_error.
  explicit FaultProxy(const std::string& socket_path);
  explicit FaultProxy(std::uint16_t server_port);
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  ~FaultProxy();

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "valkey://" + address(); }

  /// From now on connections are refused, and those that are there are reset; the port stays this
  /// proxy's own.
  void refuse();

  /// From now on both directions of every connection swallow, or stall.
  void swallow();
  void stall();

  /// The next connection lets `bytes` through in this direction; the next byte is not let through:
  /// in its place the connection is cut.
  void cut_after(Direction direction, std::size_t bytes, Cut cut);

  /// Cuts every connection now, whether or not there is another byte. Not for Cut::stall.
  void cut_all(Cut cut);

  /// Ends all faults. What stalled goes on where it stood; a connection that swallowed anything
  /// goes on swallowing, since it could only be out of step.
  void heal();

  /// Both in one step: between the two calls somebody could come back, and find the fault again.
  void cut_all_and_heal(Cut cut);

  /// Connections so far; those that are there now; bytes that were let through this way.
  std::size_t connections();
  std::size_t open_connections();
  std::uint64_t bytes(Direction direction);

 private:
  struct Loop;

  explicit FaultProxy(std::unique_ptr<Loop> loop);
  void tell(const std::function<void(Loop&)>& order);

  std::unique_ptr<Loop> loop_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace plimsoll::testing
