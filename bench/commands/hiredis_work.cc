#include <vector>

#include <hiredis/hiredis.h>
// After hiredis.h, whose types it uses.
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>

#include "plimsoll/bench/commands/work.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

struct Arguments {
  explicit Arguments(std::vector<std::string> given) : words(std::move(given)) {
    for (const std::string& word : words) {
      texts.push_back(word.c_str());
      sizes.push_back(word.size());
    }
  }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  std::vector<std::string> words;
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
};

std::vector<std::string> words_of(Work work) {
  switch (work) {
    case Work::get_set: return {"GET", small_key};
    case Work::hgetall: return {"HGETALL", hash_key};
    case Work::big_values: return {"GET", big_key};
    case Work::mget: break;
  }
  std::vector<std::string> words{"MGET"};
  for (std::size_t i = 0; i < mget_keys_count; ++i) words.push_back(mget_key(i));
  return words;
}

class HiredisWork final : public Contender {
 public:
  HiredisWork(const Endpoint& endpoint, Work work)
      : loop_(ev_loop_new(EVBACKEND_EPOLL)),
        context_(redisAsyncConnect(endpoint.host.c_str(), endpoint.port)),
        work_(work),
        command_(words_of(work)),
        set_({"SET", small_key, std::string(small_value_bytes, 's')}) {
    if (context_ == nullptr || context_->err != 0) fail("hiredis", "cannot connect");
    context_->data = this;
    redisLibevAttach(loop_, context_);
    redisAsyncSetConnectCallback(context_, on_connected);
    ev_run(loop_, 0);
  }
  ~HiredisWork() override {
    redisAsyncFree(context_);
    ev_loop_destroy(loop_);
  }
  HiredisWork(const HiredisWork&) = delete;
  HiredisWork& operator=(const HiredisWork&) = delete;

  void run(std::size_t count, Ticks*) override {
    unsent_ = count;
    unanswered_ = count;
    for (std::size_t i = 0; i < in_flight_count && unsent_ > 0; ++i) send();
    ev_run(loop_, 0);
  }

 private:
  void send() {
    const bool sets = work_ == Work::get_set && unsent_ % sets_one_in == 0;
    const Arguments& words = sets ? set_ : command_;
    unsent_ -= 1;
    redisAsyncCommandArgv(context_, on_reply, nullptr, static_cast<int>(words.texts.size()),
                          const_cast<const char**>(words.texts.data()), words.sizes.data());
  }

  bool is_right(const redisReply& reply) const {
    switch (work_) {
      case Work::get_set: return reply.len == small_value_bytes || reply.len == 2;
      case Work::mget:
        return reply.elements == mget_keys_count && reply.element[15]->len == small_value_bytes;
      case Work::hgetall: return reply.elements == 2 * hash_fields_count;
      case Work::big_values: return reply.len == big_value_bytes;
    }
    return false;
  }

  static void on_connected(const redisAsyncContext* context, int status) {
    if (status != REDIS_OK) fail("hiredis", context->errstr);
    ev_break(static_cast<HiredisWork*>(context->data)->loop_, EVBREAK_ALL);
  }

  static void on_reply(redisAsyncContext* context, void* answer, void*) {
    auto* self = static_cast<HiredisWork*>(context->data);
    const auto* reply = static_cast<redisReply*>(answer);
    if (reply == nullptr) return;  // the context is being freed
    if (!self->is_right(*reply)) fail("hiredis", "a wrong reply");
    if (self->unsent_ > 0) self->send();
    if (--self->unanswered_ == 0) ev_break(self->loop_, EVBREAK_ALL);
  }

  struct ev_loop* loop_;
  redisAsyncContext* context_;
  Work work_;
  Arguments command_;
  Arguments set_;
  std::size_t unsent_ = 0;
  std::size_t unanswered_ = 0;
};

}  // namespace

std::unique_ptr<Contender> make_hiredis_work(const Endpoint& endpoint, Work work) {
  return std::make_unique<HiredisWork>(endpoint, work);
}

}  // namespace plimsoll::bench
