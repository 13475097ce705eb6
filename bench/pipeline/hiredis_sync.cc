#include <hiredis/hiredis.h>

#include "plimsoll/bench/pipeline/contender.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

// The form with arguments costs half the instructions of the one with a format string.
const char* get_arguments[] = {"GET", bench_key.data()};
const std::size_t get_lengths[] = {3, bench_key.size()};

class HiredisSync final : public Contender {
 public:
  HiredisSync(const Endpoint& endpoint, std::size_t depth)
      : context_(redisConnect(endpoint.host.c_str(), endpoint.port)), depth_(depth) {
    if (context_ == nullptr || context_->err != 0) fail("hiredis", "cannot connect");
  }
  ~HiredisSync() override { redisFree(context_); }
  HiredisSync(const HiredisSync&) = delete;
  HiredisSync& operator=(const HiredisSync&) = delete;

  void run(std::size_t count, Ticks* ticks) override {
    if (ticks != nullptr) ticks->add();
    while (count > 0) {
      const std::size_t batch = count < depth_ ? count : depth_;
      for (std::size_t i = 0; i < batch; ++i) {
        redisAppendCommandArgv(context_, 2, get_arguments, get_lengths);
      }
      for (std::size_t i = 0; i < batch; ++i) read_reply(ticks);
      count -= batch;
    }
  }

 private:
  void read_reply(Ticks* ticks) {
    void* answer = nullptr;
    if (redisGetReply(context_, &answer) != REDIS_OK) fail("hiredis", context_->errstr);
    auto* reply = static_cast<redisReply*>(answer);
    if (reply->len != bench_value_bytes) fail("hiredis", "a wrong reply");
    freeReplyObject(reply);
    if (ticks != nullptr) ticks->add();
  }

  redisContext* context_;
  std::size_t depth_;
};

}  // namespace

std::unique_ptr<Contender> make_hiredis_sync(const Endpoint& endpoint, Shape shape) {
  if (shape.pattern != Pattern::batches) fail("hiredis", "the blocking API has batches only");
  return std::make_unique<HiredisSync>(endpoint, shape.depth);
}

}  // namespace plimsoll::bench
