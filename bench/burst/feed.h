#pragma once

// The other side of the job: fills the server with keys and events, and looks at what became of
// them. Over a connection of its own, in the benchmark's process.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "plimsoll/bench/burst/plan.h"

struct redisContext;

namespace plimsoll::bench {

class Feed {
 public:
  Feed(const std::string& socket_path, Plan plan);

  /// All keys that events look up.
  void add_keys();

  /// An empty stream with its group, and no results.
  void start_over();

  /// Events, numbered from `first`, which nobody is given before let_go().
  void add_events(std::uint64_t first, std::uint64_t count);

  /// All that was added is there to be read, at once: that is what makes it a burst. Who waits for
  /// events already sees them when it asks again.
  void let_go();

  /// How many of these events have no result, or a wrong one, or are not acknowledged, or have one
  /// too many. Then forgets events and results.
  std::size_t take_wrong_count(std::uint64_t first, std::uint64_t count);

 private:
  struct Close {
    void operator()(redisContext* context) const;
  };

  Plan plan_;
  std::unique_ptr<redisContext, Close> context_;
};

}  // namespace plimsoll::bench
