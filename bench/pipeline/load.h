#pragma once

// A load by name: which contender, in which shape, against which server. The benchmark runs some in
// its own process, and others in children of itself under a tool that counts; so a load can be
// written as a command line, by which people may profile it too.

#include <memory>
#include <string>
#include <vector>

#include "plimsoll/bench/pipeline/contender.h"

namespace plimsoll::bench {

struct Load {
  /// "ours", "ours-coroutines", "ours-use-awaitable", "hiredis", "hiredis-libev" or "raw".
  std::string contender;
  Shape shape;
};

std::unique_ptr<Contender> make_contender(const Load& load, const Endpoint& endpoint, Pace pace);

/// The arguments by which this binary runs `count` GETs of the load and nothing else.
std::vector<std::string> arguments_of(const Load& load, const Endpoint& endpoint,
                                      std::size_t count);

}  // namespace plimsoll::bench
