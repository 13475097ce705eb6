#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/cluster/slot.h"

namespace plimsoll::inline v0 {

/// The nodes of a cluster that a caller wants a command to be run at, whatever its keys are.
struct NodeChoice {
  enum class Kind : std::uint8_t {
    all_primaries,  ///< each that owns slots; the answer is a map of their addresses to their
                    ///< answers
    any_primary,    ///< they take turns
    owner,          ///< of `slot`
    address         ///< the primary with this address, as Client::cluster() has it
  };

  Kind kind = Kind::any_primary;
  Slot slot = 0;
  /// "host:port", and "[host]:port" if the host is an IPv6 address. Must live until the call
  /// returns.
  std::string_view address{};

  static constexpr Error is_not_known_yet{
      .code = ErrorCode::cluster_down,
      .what = "it is not known yet whether the server is a node of a cluster",
      .expected = "the same once the client is connected"};
  static constexpr Error has_no_nodes{
      .code = ErrorCode::invalid_argument,
      .what = "the server is no cluster, of whose nodes one could be chosen"};
  /// Of a client that has no cluster; `is_finding`: not yet, perhaps.
  static constexpr const Error& refusal(bool is_finding) {
    return is_finding ? is_not_known_yet : has_no_nodes;
  }
  static constexpr Error blocks{
      .code = ErrorCode::refused_command,
      .what = "a command that blocks goes to the owner of its keys, and to no other node"};
};

}  // namespace plimsoll::inline v0
