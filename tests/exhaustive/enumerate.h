#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/tests/exhaustive/choices.h"

// Every way that a small world can go. The enumerator knows nothing of the world but its moves:
//
//   std::size_t moves_count();   how many moves it has now
//   void make(std::size_t n);    the n-th of them; may ask the Choices for what is left open
//   void finish();               puts an end to all faults; what must hold then has to hold

namespace plimsoll::exhaustive {

/// Makes one world after the other by `make_world(Choices&)`, each for another sequence of up to
/// `moves_max` moves, shorter ones included. Returns how many worlds there were.
template <class MakeWorld>
std::uint64_t enumerate(std::size_t moves_max, const MakeWorld& make_world) {
  Choices choices;
  std::uint64_t worlds = 0;
  do {
    auto world = make_world(choices);
    for (std::size_t moves = 0; moves < moves_max; ++moves) {
      const std::size_t count = world.moves_count();
      const std::size_t move = choices.choose(count + 1);
      if (move == count) break;
      world.make(move);
    }
    world.finish();
    ++worlds;
  } while (choices.next_run());
  return worlds;
}

}  // namespace plimsoll::exhaustive
