#include <hiredis/hiredis.h>
// After hiredis.h, whose types it uses.
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>

#include "plimsoll/bench/commands/messages.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

class HiredisSubscriber final : public Subscriber {
 public:
  explicit HiredisSubscriber(const Endpoint& endpoint)
      : loop_(ev_loop_new(EVBACKEND_EPOLL)),
        context_(redisAsyncConnect(endpoint.host.c_str(), endpoint.port)) {
    if (context_ == nullptr || context_->err != 0) fail("hiredis", "cannot connect");
    redisLibevAttach(loop_, context_);
    redisAsyncCommand(context_, on_reply, this, "SUBSCRIBE %s", bench_channel);
    ev_run(loop_, 0);  // until it is confirmed
  }
  ~HiredisSubscriber() override {
    redisAsyncFree(context_);
    ev_loop_destroy(loop_);
  }
  HiredisSubscriber(const HiredisSubscriber&) = delete;
  HiredisSubscriber& operator=(const HiredisSubscriber&) = delete;

  void take(std::size_t count) override {
    missing_ = count;
    ev_run(loop_, 0);
  }

 private:
  static void on_reply(redisAsyncContext*, void* answer, void* data) {
    auto* self = static_cast<HiredisSubscriber*>(data);
    const auto* reply = static_cast<redisReply*>(answer);
    if (reply == nullptr) return;  // the context is being freed
    if (reply->elements != 3) fail("hiredis", "a wrong message");
    if (reply->element[2]->type == REDIS_REPLY_INTEGER) return ev_break(self->loop_, EVBREAK_ALL);
    if (reply->element[2]->len != message_bytes) fail("hiredis", "a wrong message");
    if (--self->missing_ == 0) ev_break(self->loop_, EVBREAK_ALL);
  }

  struct ev_loop* loop_;
  redisAsyncContext* context_;
  std::size_t missing_ = 0;
};

}  // namespace

std::unique_ptr<Subscriber> make_hiredis_subscriber(const Endpoint& endpoint) {
  return std::make_unique<HiredisSubscriber>(endpoint);
}

}  // namespace plimsoll::bench
