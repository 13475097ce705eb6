#pragma once

// What the parsers are measured on: a few MiB of replies of one kind, the same on every run.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::bench {

struct Buffer {
  std::string name;
  /// The replies in RESP3, for us, and in what hiredis 0.14 can read: maps become flat arrays of
  /// the same content. Equal where there are no maps.
  std::string resp3;
  std::string resp2;
  std::size_t replies_count = 0;
  /// How many bytes Boost.Redis' parser reads while hiredis makes objects of one: measured once on
  /// one machine, since Debian 12 has no Boost.Redis to measure here.
  std::optional<double> boost_redis_per_hiredis;
  /// At least so many times a peer that makes as much of a reply, views or objects.
  double views_goal = 3;
  double objects_goal = 1.2;
};

/// Small ints, 100 B bulks, nested arrays, maps, 10 KiB bulks; each about `bytes` long.
std::vector<Buffer> make_buffers(std::size_t bytes);

}  // namespace plimsoll::bench
