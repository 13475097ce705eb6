#pragma once

// A crowd of WebSockets in one thread, each with one request on its way: GETs of keys that have a
// value of one size. It shall cost little beside the bridge that it loads: frames are made once,
// replies are counted and not parsed.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/bench/bridge/frames.h"

namespace plimsoll::bench {

/// What a crowd has done in some time.
struct CrowdWork {
  std::uint64_t requests = 0;
  double seconds = 0;
  std::vector<std::uint32_t> nanoseconds;  ///< of each request, in no order
};

class Crowd {
 public:
  struct Door {
    std::uint16_t port;
    std::string token;
  };

  /// Opens the WebSockets, one after the other. Ends the process with a message if it cannot.
  Crowd(const Door& door, std::size_t sockets);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// Sets each key to a value of so many bytes.
  void fill(std::span<const std::string> keys, std::size_t value_bytes);

  /// Asks for `keys[drawn[0]]`, `keys[drawn[1]]`..., and begins anew at the end of `drawn`, until
  /// the time is over. Returns when each socket has its last reply.
  CrowdWork run(std::span<const std::string> keys, std::span<const std::uint32_t> drawn,
                std::size_t value_bytes, std::chrono::duration<double> time);

 private:
  using Clock = std::chrono::steady_clock;

  struct Member {
    int socket;
    FrameCounter counter;
    std::size_t left = 0;   // bytes of the reply that are still to come
    bool is_fresh = false;  // nothing of the reply has come yet
    Clock::time_point asked;
  };

  void send(Member& member, std::string_view frame, std::size_t reply_bytes);
  bool receive(Member& member);

  std::vector<Member> members_;
  int epoll_;
};

}  // namespace plimsoll::bench
