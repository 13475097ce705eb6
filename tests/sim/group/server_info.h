#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What a server of a group says in INFO, as Valkey 8.0 does: the lines that clients read, and some
// of those beside.

namespace plimsoll::sim {

/// Of a server at which the user may not ask.
inline constexpr std::string_view info_refused_error =
    "-NOPERM User default has no permissions to run the 'info' command\r\n";

/// Of INFO replication.
struct ReplicationInfo {
  struct Replica {
    std::string host;
    bool is_online = true;  ///< false: it is being given the data
    std::uint64_t offset = 0;
  };

  std::string primary_host;  ///< empty: the server is a primary
  bool is_link_up = true;    ///< a replica's to its primary
  std::vector<Replica> replicas;
  std::string history;  ///< its name, 40 hex digits
  std::uint64_t offset = 0;
};

/// The reply on the wire, in RESP3.
std::string info_reply(const ReplicationInfo& info);

/// That to INFO server.
std::string info_reply(std::string_view zone);

/// The name of the history that a server begins as it becomes a primary, for the `count`th time.
std::string history_name(std::size_t server, std::uint64_t count);

}  // namespace plimsoll::sim
