#pragma once

// A subscriber that counts what it is told.

#include <cstddef>
#include <memory>

#include "plimsoll/bench/pipeline/contender.h"

namespace plimsoll::bench {

inline constexpr const char* bench_channel = "bench:news";
inline constexpr std::size_t message_bytes = 100;

class Subscriber {
 public:
  virtual ~Subscriber() = default;

  /// Returns when `count` messages of message_bytes have come since the subscription, or since the
  /// last call. Ends the process with a message on any failure.
  virtual void take(std::size_t count) = 0;
};

std::unique_ptr<Subscriber> make_hiredis_subscriber(const Endpoint& endpoint);
std::unique_ptr<Subscriber> make_our_subscriber(const Endpoint& endpoint);

}  // namespace plimsoll::bench
