#pragma once

#include <cstddef>
#include <cstdint>

namespace plimsoll::bridge {

/// How much a server keeps for one connection until the client lets go of it; see KeptAtServer.
struct KeptLimits {
  /// Commands that MULTI has queued: their bytes, and KeptAtServer::word_bytes for each word.
  std::size_t transaction_bytes_max = std::size_t{1} << 20;
  /// Channels, patterns and shard channels, with names of KeptAtServer::bytes_each on average.
  std::size_t subscriptions_max = 1024;
};

}  // namespace plimsoll::bridge
