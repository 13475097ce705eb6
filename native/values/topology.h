#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::inline v0::native {

/// What a client knows of the servers behind its address, at one moment.
struct Topology {
  enum class Kind : std::uint8_t {
    standalone,  ///< the address names the server, or several of which the client uses one
    sentinel,    ///< sentinels tell which server is the primary
    cluster      ///< each key belongs to a slot, and each slot to one of several primaries
  };
  Kind kind = Kind::standalone;

  /// The server that requests go to, "127.0.0.1:6379", or that the client tries to reach. Empty: no
  /// sentinel has named one yet. In a cluster only requests without a key go there.
  std::string primary;

  struct Sentinel {
    std::string address;  ///< "127.0.0.1:26379"
    bool is_connected = false;
    std::string primary;  ///< which server it named last; empty: none
    std::string problem;  ///< why it named none; empty: there is no problem, or it was not asked
  };
  /// Those of the client's address, and those that they know.
  std::vector<Sentinel> sentinels;

  struct Replica {
    enum class State : std::uint8_t {
      connecting,
      checking,  ///< there is a connection; what the replica has is not known to be enough
      ready,     ///< it is read
      suspect,   ///< it owes an answer for too long, and is not read until it has said something
      lost,      ///< the last attempt or connection failed, and there will be another
      idle       ///< of a cluster: no read has needed a connection to it yet
    };
    std::string address;  ///< "127.0.0.1:6380"
    std::string primary;  ///< of a cluster: the address of its primary; empty: there is only one
    std::string zone;     ///< its availability-zone, if read_from goes by zones; empty: none
    State state = State::connecting;
    std::size_t in_flight = 0;
    std::uint64_t reads = 0;             ///< that were sent to it
    std::uint64_t reads_moved = 0;       ///< of these, those that went on to another server
    std::chrono::nanoseconds latency{};  ///< of a round trip, smoothed; zero: not known
    std::string problem;                 ///< why it is not read; empty: there is no problem
  };
  /// Those that the primary, or the cluster, names, if Options::read_from names replicas.
  std::vector<Replica> replicas;

  /// Why the primary does not say which replicas it has; empty: it does, or is not asked.
  std::string replicas_problem;

  /// A primary of a cluster.
  struct Node {
    enum class State : std::uint8_t {
      idle,  ///< no request has needed a connection to it yet
      connecting,
      checking,  ///< it is asked whether it is the node that the cluster names
      ready,
      suspect,  ///< it has owed an answer for a second, and others are asked for its slots
      lost      ///< the last attempt or connection failed
    };
    std::string address;  ///< "127.0.0.1:7000"
    std::string id;       ///< 40 hex digits; empty: not known yet
    State state = State::idle;
    std::size_t slots = 0;  ///< that it owns, as far as is known
    std::size_t in_flight = 0;
    std::string problem;  ///< why there is no connection; empty: there is no problem
  };
  /// Those of a cluster that own slots, or did lately.
  std::vector<Node> nodes;

  /// How many of a cluster's 16,384 slots have no owner, as far as is known.
  std::size_t slots_unserved = 0;
  /// Why no node has said who owns which slot when it was last asked; empty: one has.
  std::string slots_problem;

  /// How often the sentinels have named another primary since the first one.
  std::uint64_t switches = 0;
  /// How often a sentinel was named for which there was no place, or no memory: a client asks 16.
  std::uint64_t sentinels_left_out = 0;
};

}  // namespace plimsoll::inline v0::native
