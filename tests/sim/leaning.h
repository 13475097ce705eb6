#pragma once

#include <array>
#include <cstdint>

#include "plimsoll/tests/sim/random.h"

// What a world has more of than others. Some mistakes show only where several things that are rare
// come together; a few worlds are made for that. In all others everything is drawn as before.

namespace plimsoll::sim {

enum class Leaning : std::uint8_t {
  none,
  late_news,  ///< keys of a cache change, and the main connections of its clients hear of it late
  masks,      ///< who reads through a cache is often somebody else, and loses the connection then
  rights,     ///< servers take rights away from readers, and give them back
  crowd,      ///< more commands block than there may be connections: the others wait
  returns     ///< readers lose their connections, and are told afterwards what they have missed
};

inline Leaning leaning_of(std::uint64_t seed) {
  constexpr std::array some = {Leaning::late_news, Leaning::late_news, Leaning::masks,
                               Leaning::rights,    Leaning::crowd,     Leaning::returns};
  Random random(seed, Random::Purpose::leaning);
  const std::uint64_t which = random.below(16);
  return which < some.size() ? some[which] : Leaning::none;
}

/// Whether clients of such a world share a cache, and read the same server.
constexpr bool is_about_a_cache(Leaning leaning) {
  return leaning == Leaning::late_news || leaning == Leaning::masks || leaning == Leaning::rights ||
         leaning == Leaning::returns;
}

/// Whether every other client of such a world only writes what the others have read.
constexpr bool has_writers(Leaning leaning) {
  return leaning == Leaning::late_news || leaning == Leaning::returns;
}

}  // namespace plimsoll::sim
