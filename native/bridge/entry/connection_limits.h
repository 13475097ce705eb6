#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "plimsoll/native/bridge/gate/rate.h"
#include "plimsoll/native/bridge/gate/shared_rate.h"

// Limits connections: in total, for each address and for each token. Also limits how often an
// address may try, and how many commands a token may send. One object is for all threads of the
// bridge, so that each limit holds for all of them together. Thread-safe.
//
// Addresses count by client_network(), so all addresses of an IPv6 network are one.
//
// Invariants:
// - A connection is counted exactly as long as its Place lives, so no path can leak it.
// - The last tenth of all places is for networks that hold none. So clients of a few networks, with
//   however many addresses, cannot keep out those of another network.
// - Memory is bounded: addresses with connections by connections_max, attempts by
//   remembered_addresses_max, and tokens by those that exist, as only verified ones get here.
// - A token's rate outlives its connections until it is full again (forget()). Otherwise a client
//   could reconnect to get a fresh rate.

namespace plimsoll::bridge {

struct ConnectionLimitOptions {
  std::size_t connections_max = 10'000;
  std::size_t connections_per_address_max = 100;
  /// Attempts of an address per second, successful or not. The same number may come at once.
  std::uint32_t upgrades_per_second_per_address = 20;
  /// For all connections of a token together; 0: no bound.
  std::uint32_t commands_per_second_per_token = 0;
  /// See client_network().
  unsigned ipv6_prefix_bits = 64;
};

/// One of so many parts is kept for networks that hold no place: of connections_max, and of the
/// memory that handshakes may take.
inline constexpr std::size_t newcomers_part = 10;

/// What of a limit is left for networks that hold a place already.
constexpr std::size_t without_newcomers_part(std::size_t limit) {
  return limit - limit / newcomers_part;
}

/// For how many addresses attempts are remembered. Beyond that the address with the oldest attempt
/// is forgotten.
inline constexpr std::size_t remembered_addresses_max = 16'384;

class ConnectionLimits {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A place that is taken as long as this object lives.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)),
          of_(std::move(other.of_)),
          is_half_open_(other.is_half_open_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(limits_, other.limits_);
      std::swap(of_, other.of_);
      std::swap(is_half_open_, other.is_half_open_);
      return *this;
    }
    ~Place();

    explicit operator bool() const { return limits_ != nullptr; }

   private:
    friend class ConnectionLimits;
    enum class Kind : std::uint8_t { all, address, token };
    Place(ConnectionLimits& limits, Kind kind, std::string name)
        : limits_(&limits), of_(kind, std::move(name)) {}

    ConnectionLimits* limits_ = nullptr;
    std::pair<Kind, std::string> of_;
    bool is_half_open_ = false;
  };

  explicit ConnectionLimits(const ConnectionLimitOptions& options) : options_(options) {}
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  /// Whether `address` may make one more attempt now. Counts it if so.
  bool attempt(std::string_view address, Time now);

  /// Takes a place for one more connection: in total, of an address, of a token. Returns an empty
  /// Place if there are as many as allowed.
  Place take_place(std::size_t max);
  Place take_place() { return take_place(options_.connections_max); }
  Place take_place_of_address(std::string_view address);
  Place take_place_of_token(const std::string& token, std::size_t max);

  /// Forgets tokens without connections whose rates are full again. The server calls it once a
  /// tick.
  void forget(Time now);

  /// The rate of a token's commands. The token must have a place; valid as long as it has one.
  SharedRate& rate_of_token(const std::string& token);

  /// Whether the network of `place`, which is one of an address, holds another place, too; and
  /// whether another one of them is half-open.
  bool has_another(const Place& place) const;
  bool has_another_half_open(const Place& place) const;

  /// Notes whether the connection with `place`, which is one of an address, is half-open: it is
  /// not, at first.
  void begin_half_open(Place& place);
  void end_half_open(Place& place);

  std::size_t connections_max() const { return options_.connections_max; }
  std::size_t connections_count() const;
  std::size_t remembered_addresses_count() const;
  std::size_t remembered_tokens_count() const;

 private:
  struct Token {
    explicit Token(std::uint32_t commands_per_second) : rate(commands_per_second) {}

    SharedRate rate;
    std::size_t count = 0;
  };
  struct Attempts {
    Rate rate;
    std::list<std::string>::iterator order;
  };

  struct Network {
    std::size_t places = 0;
    std::size_t half_open = 0;
  };

  Network& network_of(const Place& place) { return networks_.find(place.of_.second)->second; }
  const Network& network_of(const Place& place) const {
    return networks_.find(place.of_.second)->second;
  }
  void end_half_open_locked(Place& place);
  void give_back(Place& place);

  const ConnectionLimitOptions options_;
  mutable std::mutex mutex_;  // of all that follows
  std::size_t connections_ = 0;
  std::unordered_map<std::string, Network> networks_;
  std::unordered_map<std::string, Token> tokens_;
  std::unordered_map<std::string, Attempts> attempts_;
  std::list<std::string> attempts_order_;  // the oldest attempt first
};

}  // namespace plimsoll::bridge
