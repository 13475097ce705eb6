#include <chrono>
#include <string>

#include <hiredis/hiredis.h>
// After hiredis.h, whose types it uses.
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>

#include "plimsoll/bench/program.h"
#include "plimsoll/bench/stall/loads.h"

namespace plimsoll::bench {
namespace {

class Load {
 public:
  Load(const std::string& socket_path, std::chrono::duration<double> seconds, const StallLook& look)
      : loop_(ev_loop_new(EVBACKEND_EPOLL)),
        context_(redisAsyncConnectUnix(socket_path.c_str())),
        look_(look) {
    if (context_ == nullptr || context_->err != 0) fail("hiredis", "cannot connect");
    redisLibevAttach(loop_, context_);
    const double every = std::chrono::duration<double>(stall_tick).count();
    ev_timer_init(&tick_, on_tick, every, every);
    tick_.data = this;
    ev_timer_start(loop_, &tick_);
    ev_timer_init(&end_, on_end, seconds.count(), 0);
    ev_timer_start(loop_, &end_);
  }
  ~Load() {
    redisAsyncFree(context_);
    ev_loop_destroy(loop_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  StallTally run() {
    ev_run(loop_, 0);
    return tally_;
  }

 private:
  void ask() {
    ++tally_.asked;
    redisAsyncCommand(context_, on_reply, this, "SET stall %b", value_.data(), value_.size());
  }

  static void on_tick(struct ev_loop*, ev_timer* timer, int) {
    auto* self = static_cast<Load*>(timer->data);
    // libev leaves out ticks that it is late for: they are made up for here.
    const auto due = (std::chrono::steady_clock::now() - self->start_) / stall_tick;
    for (; self->ticks_ < due; ++self->ticks_) {
      for (int i = 0; i < stall_sets_per_tick; ++i) self->ask();
      if (self->ticks_ % stall_ticks_per_look == 0) self->look_(0);
    }
  }

  static void on_end(struct ev_loop* loop, ev_timer*, int) { ev_break(loop, EVBREAK_ALL); }

  static void on_reply(redisAsyncContext*, void* answer, void* load) {
    const auto* reply = static_cast<redisReply*>(answer);
    StallTally& tally = static_cast<Load*>(load)->tally_;
    const bool is_answer = reply != nullptr && reply->type == REDIS_REPLY_STATUS;
    is_answer ? ++tally.answered : ++tally.failed;
  }

  struct ev_loop* loop_;
  redisAsyncContext* context_;
  const StallLook& look_;
  const std::string value_ = std::string(stall_value_bytes, 'v');
  ev_timer tick_;
  ev_timer end_;
  StallTally tally_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration::rep ticks_ = 0;
};

}  // namespace

StallTally run_hiredis_stall(const std::string& socket_path, std::chrono::duration<double> seconds,
                             const StallLook& look) {
  return Load(socket_path, seconds, look).run();
}

}  // namespace plimsoll::bench
