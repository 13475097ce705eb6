#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "plimsoll/native/bridge/relay/counters.h"
#include "plimsoll/native/observe/histogram.h"

// What the server has done, by profile, by upstream and by the codes of its answers, for /metrics.
// Used by one thread.
//
// Profiles and upstreams are those of the configuration, and codes come from lists that are fixed
// here, so clients cannot make the counters grow. A relay gets a reference to the counters of its
// profile, and that is all it pays.

namespace plimsoll::bridge {

/// The HTTP statuses that answer a request for a WebSocket; 0: the connection ended without one,
/// because it had not reached HTTP.
inline constexpr std::array<unsigned, 12> counted_statuses = {0,   101, 400, 401, 403, 404,
                                                              405, 408, 421, 429, 502, 503};

/// The close codes of WebSockets (RFC 6455, section 7.4.1). 1005: the client gave none; 1006: the
/// connection ended without a close.
inline constexpr std::array<unsigned, 11> counted_closes = {1000, 1001, 1002, 1003, 1005, 1006,
                                                            1007, 1008, 1009, 1011, 1013};

/// Counts codes of a list, and all others together.
template <const auto& codes>
class CodeCounts {
 public:
  void add(unsigned code) {
    std::size_t at = 0;
    while (at < codes.size() && codes[at] != code) ++at;
    ++counts_[at];
  }

  void add(const CodeCounts& others) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += others.counts_[i];
  }

  /// In the order of the list; the last is that of all other codes.
  const std::array<std::uint64_t, codes.size() + 1>& counts() const { return counts_; }

 private:
  std::array<std::uint64_t, codes.size() + 1> counts_{};
};

struct ProfileCounters {
  Counters done;
  std::uint64_t connections = 0;  ///< admitted, with a relay or on the way to one
  CodeCounts<counted_statuses> handshakes;
  CodeCounts<counted_closes> closes;

  void add(const ProfileCounters& others);
};

struct UpstreamCounters {
  native::Histogram dials;     ///< until a connection was ready, login included
  std::uint64_t failures = 0;  ///< connections that could not be made

  void add(const UpstreamCounters& others);
};

class ServerCounters {
 public:
  /// Adds what another thread's server has done, with profiles and upstreams that are not here yet.
  void add(const ServerCounters& others);

  /// Adds a profile, or an upstream, of the configuration.
  void add_profile(const std::string& name) { profiles_.try_emplace(name); }
  void add_upstream(const std::string& name) { upstreams_.try_emplace(name); }

  /// The counters of a profile that was added; of an empty name, those of clients whose tokens have
  /// not been verified. Valid as long as this object.
  ProfileCounters& of_profile(std::string_view name);
  UpstreamCounters& of_upstream(std::string_view name);

  /// What belongs to no profile.
  Counters& own() { return own_; }

  /// Everything that was done for all profiles and none.
  Counters total() const;

  /// From the connection, or from the request if the connection had asked for pages before, until
  /// the client is told that it has a WebSocket.
  native::Histogram handshakes;

  const std::map<std::string, ProfileCounters, std::less<>>& profiles() const { return profiles_; }
  const std::map<std::string, UpstreamCounters, std::less<>>& upstreams() const {
    return upstreams_;
  }
  /// Of clients whose tokens have not been verified.
  const ProfileCounters& nobody() const { return nobody_; }

 private:
  std::map<std::string, ProfileCounters, std::less<>> profiles_;
  std::map<std::string, UpstreamCounters, std::less<>> upstreams_;
  ProfileCounters nobody_;
  Counters own_;
};

/// Counts a connection of a profile as long as this object lives.
class ProfileConnection {
 public:
  explicit ProfileConnection(ProfileCounters& profile) : profile_(profile) {
    ++profile_.connections;
  }
  ~ProfileConnection() { --profile_.connections; }
  ProfileConnection(const ProfileConnection&) = delete;
  ProfileConnection& operator=(const ProfileConnection&) = delete;

  ProfileCounters& profile() const { return profile_; }

 private:
  ProfileCounters& profile_;
};

}  // namespace plimsoll::bridge
