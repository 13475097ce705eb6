#include <memory>

#include <hiredis/hiredis.h>

#include "plimsoll/bench/program.h"
#include "plimsoll/bench/sync/callers.h"

namespace plimsoll::bench {
namespace {

// The form with arguments costs half the instructions of the one with a format string.
const char* get_arguments[] = {"GET", sync_key.data()};
const std::size_t get_lengths[] = {3, sync_key.size()};

class HiredisCaller final : public Caller {
 public:
  explicit HiredisCaller(std::uint16_t port) : context_(redisConnect("127.0.0.1", port)) {
    if (context_ == nullptr || context_->err != 0) fail("hiredis", "cannot connect");
  }
  ~HiredisCaller() override { redisFree(context_); }
  HiredisCaller(const HiredisCaller&) = delete;
  HiredisCaller& operator=(const HiredisCaller&) = delete;

  void get(std::size_t count) override {
    for (std::size_t i = 0; i < count; ++i) {
      auto* reply =
          static_cast<redisReply*>(redisCommandArgv(context_, 2, get_arguments, get_lengths));
      if (reply == nullptr) fail("hiredis", context_->errstr);
      if (reply->len != sync_value_bytes) fail("hiredis", "a wrong reply");
      freeReplyObject(reply);
    }
  }

 private:
  redisContext* const context_;
};

}  // namespace

Callers make_hiredis_callers(std::uint16_t port, std::size_t count) {
  Callers callers;
  while (callers.size() < count) callers.push_back(std::make_unique<HiredisCaller>(port));
  return callers;
}

}  // namespace plimsoll::bench
