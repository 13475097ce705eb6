#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

#include "plimsoll/native/bridge/gate/rate.h"

// Limits connections: in total, for each address and for each token. Also limits how often an
// address may try, and how many commands a token may send. Used by one thread.
//
// Invariants:
// - A connection is counted exactly as long as its Place lives, so no path can leak it.
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
};

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
        : limits_(std::exchange(other.limits_, nullptr)), of_(std::move(other.of_)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(limits_, other.limits_);
      std::swap(of_, other.of_);
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
  };

  explicit ConnectionLimits(const ConnectionLimitOptions& options) : options_(options) {}
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  /// Whether `address` may make one more attempt now. Counts it if so.
  bool attempt(const std::string& address, Time now);

  /// Takes a place for one more connection: in total, of an address, of a token. Returns an empty
  /// Place if there are as many as allowed.
  Place take_place();
  Place take_place_of_address(const std::string& address);
  Place take_place_of_token(const std::string& token, std::size_t max);

  /// Forgets tokens without connections whose rates are full again. The server calls it once a
  /// tick.
  void forget(Time now);

  /// The rate of a token's commands. The token must have a place; valid as long as it has one.
  Rate& rate_of_token(const std::string& token) { return tokens_.find(token)->second.rate; }

  std::size_t connections_count() const { return connections_; }
  std::size_t remembered_addresses_count() const { return attempts_.size(); }
  std::size_t remembered_tokens_count() const { return tokens_.size(); }

 private:
  struct Token {
    Rate rate;
    std::size_t count = 0;
  };
  struct Attempts {
    Rate rate;
    std::list<std::string>::iterator order;
  };

  void give_back(const std::pair<Place::Kind, std::string>& of);

  const ConnectionLimitOptions options_;
  std::size_t connections_ = 0;
  std::unordered_map<std::string, std::size_t> addresses_;
  std::unordered_map<std::string, Token> tokens_;
  std::unordered_map<std::string, Attempts> attempts_;
  std::list<std::string> attempts_order_;  // the oldest attempt first
};

}  // namespace plimsoll::bridge
