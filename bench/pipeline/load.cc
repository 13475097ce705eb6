#include "plimsoll/bench/pipeline/load.h"

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {

std::unique_ptr<Contender> make_contender(const Load& load, const Endpoint& endpoint, Pace pace) {
  if (load.contender == "ours") return make_ours(endpoint, load.shape, pace);
  if (load.contender == "ours-coroutines") {
    return make_our_coroutines(endpoint, load.shape, Awaiting::call, pace);
  }
  if (load.contender == "ours-use-awaitable") {
    return make_our_coroutines(endpoint, load.shape, Awaiting::use_awaitable, pace);
  }
  if (load.contender == "hiredis") return make_hiredis_sync(endpoint, load.shape);
  if (load.contender == "hiredis-libev") return make_hiredis_async(endpoint, load.shape);
  if (load.contender == "raw") return make_raw_loop(endpoint, load.shape);
  fail("no contender of this name", load.contender);
}

std::vector<std::string> arguments_of(const Load& load, const Endpoint& endpoint,
                                      std::size_t count) {
  const bool batches = load.shape.pattern == Pattern::batches;
  return {"--only",    load.contender,
          "--pattern", batches ? "batches" : "window",
          "--depth",   std::to_string(load.shape.depth),
          "--count",   std::to_string(count),
          "--port",    std::to_string(endpoint.port)};
}

}  // namespace plimsoll::bench
