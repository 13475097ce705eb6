#pragma once

#include <cstddef>
#include <vector>

// All sequences of choices, one a run. A run asks choose() as often as it likes, and how often and
// out of how many may depend on what was chosen before; next_run() goes on to the sequence that
// follows, depth first, until there is none. In the manner of TigerBeetle's exhaustigen.

namespace plimsoll::exhaustive {

class Choices {
 public:
  /// One of 0 .. `count` - 1; `count` is 1 at least.
  std::size_t choose(std::size_t count);

  /// Begins the next run; false when all were had. The first needs no call.
  bool next_run();

  /// How many choices that run has made so far.
  std::size_t depth() const { return depth_; }

 private:
  struct Choice {
    std::size_t chosen;
    std::size_t count;
  };

  std::vector<Choice> path_;
  std::size_t depth_ = 0;
};

}  // namespace plimsoll::exhaustive
