#include "plimsoll/bench/sync/callers.h"

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {

Callers make_callers(const std::string& name, std::uint16_t port, std::size_t count) {
  if (name == "ours") return make_our_callers(port, count);
  if (name == "ours-own") return make_our_own_callers(port, count);
  if (name == "ours-futures") return make_future_callers(port, count);
  if (name == "hiredis") return make_hiredis_callers(port, count);
  fail("there are no callers of this name", name);
}

}  // namespace plimsoll::bench
