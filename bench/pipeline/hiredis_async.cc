#include <hiredis/hiredis.h>
// After hiredis.h, whose types it uses.
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>

#include "plimsoll/bench/pipeline/contender.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

// The form with arguments costs half the instructions of the one with a format string.
const char* get_arguments[] = {"GET", bench_key.data()};
const std::size_t get_lengths[] = {3, bench_key.size()};

class HiredisAsync final : public Contender {
 public:
  HiredisAsync(const Endpoint& endpoint, std::size_t depth)
      : loop_(ev_loop_new(EVBACKEND_EPOLL)),
        context_(redisAsyncConnect(endpoint.host.c_str(), endpoint.port)),
        depth_(depth) {
    if (context_ == nullptr || context_->err != 0) fail("hiredis", "cannot connect");
    context_->data = this;
    redisLibevAttach(loop_, context_);
    redisAsyncSetConnectCallback(context_, on_connected);
    ev_run(loop_, 0);
  }
  ~HiredisAsync() override {
    redisAsyncFree(context_);
    ev_loop_destroy(loop_);
  }
  HiredisAsync(const HiredisAsync&) = delete;
  HiredisAsync& operator=(const HiredisAsync&) = delete;

  void run(std::size_t count, Ticks* ticks) override {
    ticks_ = ticks;
    if (ticks_ != nullptr) ticks_->add();
    unsent_ = count;
    unanswered_ = count;
    for (std::size_t i = 0; i < depth_ && unsent_ > 0; ++i) send();
    ev_run(loop_, 0);
  }

 private:
  void send() {
    unsent_ -= 1;
    redisAsyncCommandArgv(context_, on_reply, nullptr, 2, get_arguments, get_lengths);
  }

  static void on_connected(const redisAsyncContext* context, int status) {
    if (status != REDIS_OK) fail("hiredis", context->errstr);
    ev_break(static_cast<HiredisAsync*>(context->data)->loop_, EVBREAK_ALL);
  }

  static void on_reply(redisAsyncContext* context, void* answer, void*) {
    auto* self = static_cast<HiredisAsync*>(context->data);
    const auto* reply = static_cast<redisReply*>(answer);
    if (reply == nullptr) return;  // the context is being freed
    if (reply->len != bench_value_bytes) fail("hiredis", "a wrong reply");
    if (self->ticks_ != nullptr) self->ticks_->add();
    if (self->unsent_ > 0) self->send();
    if (--self->unanswered_ == 0) ev_break(self->loop_, EVBREAK_ALL);
  }

  struct ev_loop* loop_;
  redisAsyncContext* context_;
  std::size_t depth_;
  std::size_t unsent_ = 0;
  std::size_t unanswered_ = 0;
  Ticks* ticks_ = nullptr;
};

}  // namespace

std::unique_ptr<Contender> make_hiredis_async(const Endpoint& endpoint, Shape shape) {
  if (shape.pattern != Pattern::window) fail("hiredis", "the asynchronous API has a window only");
  return std::make_unique<HiredisAsync>(endpoint, shape.depth);
}

}  // namespace plimsoll::bench
