#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include "plimsoll/native/base/strand.h"

namespace plimsoll::inline v0::native {

/// Connects to one of several addresses of the same server, to the first that answers ("Happy
/// Eyeballs", RFC 8305). An address that refuses is followed by the next at once; one that says
/// nothing, after dial_wait, and goes on beside it.
class Dial : public std::enable_shared_from_this<Dial> {
 public:
  using Protocol = boost::asio::generic::stream_protocol;
  using Socket = Protocol::socket;
  using Addresses = std::vector<Protocol::endpoint>;
  /// Without a problem `socket` is connected; otherwise the problem is that of the last address
  /// that failed.
  using Done = std::function<void(const boost::system::error_code& problem, Socket socket)>;

  /// All handlers run in `strand`, which `owner` keeps alive.
  Dial(std::shared_ptr<void> owner, Strand& strand, Addresses addresses, Done done);

  /// Begins. There must be an address. `done` is called once, in the strand, unless stop() comes
  /// first.
  void start();

  /// Gives up.
  void stop();

 private:
  void begin_next();
  void wait_for_next();
  void handle_connected(std::size_t index, const boost::system::error_code& problem);
  void close_all();

  // Kept after stop(), too, because handlers that were under way are still called. Declared first,
  // so that it is destroyed last.
  const std::shared_ptr<void> owner_;
  Strand& strand_;
  const Addresses addresses_;
  const std::uint64_t fork_count_;
  Done done_;
  std::vector<Socket> sockets_;  // of the addresses that were begun, in their order
  std::size_t under_way_ = 0;
  bool over_ = false;
  boost::asio::steady_timer timer_;
};

/// How long an address may say nothing before the next one is begun. RFC 8305, section 5,
/// recommends this.
inline constexpr std::chrono::milliseconds dial_wait{250};

/// The most addresses of a name that one attempt tries.
inline constexpr std::size_t dial_addresses_max = 16;

/// The order in which to try addresses: as the resolver gave them, but the families take turns
/// (RFC 8305, section 4), so that a family which does not work costs one dial_wait at most. Leaves
/// dial_addresses_max at most.
Dial::Addresses in_turns(const Dial::Addresses& addresses);

}  // namespace plimsoll::inline v0::native
