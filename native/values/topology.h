#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::inline v0::native {

/// What a client knows of the servers behind its address, at one moment.
struct Topology {
  enum class Kind : std::uint8_t {
    standalone,  ///< the address names the server, or several of which the client uses one
    sentinel     ///< sentinels tell which server is the primary
  };
  Kind kind = Kind::standalone;

  /// The server that requests go to, "127.0.0.1:6379", or that the client tries to reach. Empty: no
  /// sentinel has named one yet.
  std::string primary;

  struct Sentinel {
    std::string address;  ///< "127.0.0.1:26379"
    bool is_connected = false;
    std::string primary;  ///< which server it named last; empty: none
    std::string problem;  ///< why it named none; empty: there is no problem, or it was not asked
  };
  /// Those of the client's address, and those that they know.
  std::vector<Sentinel> sentinels;

  /// How often the sentinels have named another primary since the first one.
  std::uint64_t switches = 0;
  /// How often a sentinel was named for which there was no place, or no memory: a client asks 16.
  std::uint64_t sentinels_left_out = 0;
};

}  // namespace plimsoll::inline v0::native
