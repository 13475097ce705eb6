// hiredis' asynchronous API on libev: hiredis_worker HOST PORT. See worker.h.

#include <cstddef>
#include <cstdlib>
#include <string>

#include <hiredis/hiredis.h>
// After hiredis.h, whose types it uses.
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>

#include "plimsoll/bench/compared/worker.h"

namespace plimsoll::bench {
namespace {

struct Burst {
  struct ev_loop* loop;
  std::size_t left = 0;
  BurstOutcome outcome{};
};

void on_reply(redisAsyncContext*, void* answer, void* data) {
  Burst& burst = *static_cast<Burst*>(data);
  const auto* reply = static_cast<redisReply*>(answer);
  if (reply == nullptr || reply->type != REDIS_REPLY_STATUS) fail_worker("hiredis got no OK");
  ++burst.outcome.answered;
  if (--burst.left == 0) ev_break(burst.loop, EVBREAK_ALL);
}

int run(const char* host, int port) {
  struct ev_loop* const loop = ev_loop_new(EVBACKEND_EPOLL);
  redisAsyncContext* const context = redisAsyncConnect(host, port);
  if (context == nullptr || context->err != 0) fail_worker("hiredis cannot connect");
  redisLibevAttach(loop, context);
  const auto make_burst = [&](std::size_t requests, std::size_t bytes) {
    Burst burst{loop, requests};
    for (std::size_t number = 0; number < requests; ++number) {
      const std::string key = burst_key(number);
      const std::string value = burst_value(number, bytes);
      redisAsyncCommand(context, on_reply, &burst, "SET %b %b", key.data(), key.size(),
                        value.data(), value.size());
    }
    ev_run(loop, 0);
    return burst.outcome;
  };
  serve_bursts(std::to_string(HIREDIS_MAJOR) + "." + std::to_string(HIREDIS_MINOR) + "." +
                   std::to_string(HIREDIS_PATCH),
               make_burst);
  redisAsyncFree(context);
  ev_loop_destroy(loop);
  return 0;
}

}  // namespace
}  // namespace plimsoll::bench

int main(int argc, char** argv) {
  if (argc != 3) plimsoll::bench::fail_worker("expected HOST PORT");
  return plimsoll::bench::run(argv[1], std::atoi(argv[2]));
}
