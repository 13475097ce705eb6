#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/wire_value.h"
#include "plimsoll/wasm/area.h"
#include "plimsoll/wasm/hosted_client.h"

// Replies out of a cache, told in the area. One string is read where it lies in the cache, which is
// the same until the next call; other replies are copied, to the area or to a block of their own.

namespace plimsoll::wasm {

class Served {
 public:
  explicit Served(AccountHandle replies) : replies_(std::move(replies)), reader_(*replies_) {}

  /// Whether the cache of `client` has the reply to these words, at most `max_staleness` old: it is
  /// told in `area`, in `nodes` nodes; of a large one the client's walk() has the rest.
  bool look_up(HostedClient& client, std::span<const std::string_view> words,
               Duration max_staleness, Instant now, Area& area, std::uint32_t& nodes);

  /// The same of GET of this key.
  bool look_up_key(HostedClient& client, std::string_view key, Duration max_staleness, Instant now,
                   Area& area, std::uint32_t& nodes);

  /// Nothing is kept any more.
  void clear() { kept_.reset(); }

 private:
  bool look_up(NearCache& near, HostedClient& client, const commands::Question& question,
               Duration max_staleness, Instant now, Area& area, std::uint32_t& nodes);
  bool tell(std::string_view reply, HostedClient& client, Area& area, std::uint32_t& nodes);
  bool tell_copy(std::string_view reply, HostedClient& client, Area& area, std::uint32_t& nodes);

  AccountHandle replies_;
  Block kept_;
  WireReader reader_;
};

}  // namespace plimsoll::wasm
