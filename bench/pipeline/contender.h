#pragma once

// One client under the load of this benchmark: GETs of one key over one connection. Each contender
// is connected when it is made, and runs its load as often as it is asked to.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::bench {

// The same bytes for everybody: valkey-benchmark's default key, and a value of 100 B.
inline constexpr std::string_view bench_key = "key:__rand_int__";
inline constexpr std::size_t bench_value_bytes = 100;

struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};

/// How requests follow one another.
enum class Pattern {
  /// Write `depth`, read `depth`, again. With a depth of 1: one request in flight.
  batches,
  /// `depth` in flight all the time: each reply makes room for the next request.
  window,
};

struct Shape {
  Pattern pattern;
  std::size_t depth;
};

/// The time at each reply, for latencies with one request in flight. Has its room beforehand.
class Ticks {
 public:
  explicit Ticks(std::size_t count) { times_.reserve(count + 1); }
  void add() { times_.push_back(std::chrono::steady_clock::now()); }
  /// Seconds from each tick to the next.
  [[nodiscard]] std::vector<double> gaps() const;

 private:
  std::vector<std::chrono::steady_clock::time_point> times_;
};

class Contender {
 public:
  virtual ~Contender() = default;

  /// Sends `count` GETs in the contender's shape and returns when the last reply has been read and
  /// its length checked. Ticks once before the first request and at each reply, if asked to.
  /// Ends the process with a message on any failure: half a benchmark is none.
  virtual void run(std::size_t count, Ticks* ticks) = 0;
};

/// hiredis' blocking API: redisAppendCommand and redisGetReply. Batches only.
std::unique_ptr<Contender> make_hiredis_sync(const Endpoint& endpoint, Shape shape);

/// hiredis' asynchronous API on libev. A window only.
std::unique_ptr<Contender> make_hiredis_async(const Endpoint& endpoint, Shape shape);

/// A socket, epoll and as little else as can be: what no client can beat. It knows the length of
/// the one reply that it expects. Both patterns.
std::unique_ptr<Contender> make_raw_loop(const Endpoint& endpoint, Shape shape);

/// How long a request may take: as users have it, or, under a tool that makes all of it slow, a
/// minute.
enum class Pace { usual, slow };

/// Plimsoll's native client by its public API, with callbacks, each of which makes the next request
/// on the runtime's own thread. Both patterns.
std::unique_ptr<Contender> make_ours(const Endpoint& endpoint, Shape shape, Pace pace);

/// How a coroutine asks: `co_await client.get(key)`, or with asio::use_awaitable.
enum class Awaiting { call, use_awaitable };

/// The same with coroutines on the runtime's own thread. A window only.
std::unique_ptr<Contender> make_our_coroutines(const Endpoint& endpoint, Shape shape, Awaiting how,
                                               Pace pace);

/// Seconds from the call of our connect() to the reply of the first GET.
double first_reply_seconds(const Endpoint& endpoint);

}  // namespace plimsoll::bench
