#include "plimsoll/bench/burst/feed.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <hiredis/hiredis.h>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

constexpr std::uint64_t pipelined_max = 200;

// Behind all ids that there can be.
constexpr const char* last_id = "18446744073709551615-18446744073709551615";

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using ReplyHandle = std::unique_ptr<redisReply, FreeReply>;

void append(redisContext& context, const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  redisAppendCommandArgv(&context, static_cast<int>(words.size()), texts.data(), sizes.data());
}

ReplyHandle next_reply(redisContext& context) {
  void* reply = nullptr;
  if (redisGetReply(&context, &reply) != REDIS_OK) fail("feed", context.errstr);
  ReplyHandle handle(static_cast<redisReply*>(reply));
  if (handle->type == REDIS_REPLY_ERROR) fail("feed", handle->str);
  return handle;
}

ReplyHandle ask(redisContext& context, const std::vector<std::string>& words) {
  append(context, words);
  return next_reply(context);
}

// Calls `make(i)` for each command from `first` on, some hundreds of them under way at a time, and
// `take(i, reply)` for each reply.
void ask_all(redisContext& context, std::uint64_t first, std::uint64_t count, const auto& make,
             const auto& take) {
  for (std::uint64_t done = 0; done < count;) {
    const std::uint64_t some = std::min(pipelined_max, count - done);
    for (std::uint64_t i = 0; i < some; ++i) append(context, make(first + done + i));
    for (std::uint64_t i = 0; i < some; ++i) take(first + done + i, *next_reply(context));
    done += some;
  }
}

constexpr auto ignore = [](std::uint64_t, const redisReply&) {};

}  // namespace

void Feed::Close::operator()(redisContext* context) const { redisFree(context); }

Feed::Feed(const std::string& socket_path, Plan plan)
    : plan_(plan), context_(redisConnectUnix(socket_path.c_str())) {
  if (context_ == nullptr || context_->err != 0) fail("feed", "cannot connect");
}

void Feed::add_keys() {
  ask_all(
      *context_, 0, keys_count,
      [this](std::uint64_t index) {
        return std::vector<std::string>{"SET", plan_.key(index), plan_.value(index)};
      },
      ignore);
}

void Feed::start_over() {
  ask(*context_, {"DEL", stream_name, results_name});
  ask(*context_, {"XGROUP", "CREATE", stream_name, group_name, "0", "MKSTREAM"});
}

// The group is held at the end of all ids meanwhile.
void Feed::add_events(std::uint64_t first, std::uint64_t count) {
  ask(*context_, {"XGROUP", "SETID", stream_name, group_name, last_id});
  ask_all(
      *context_, first, count,
      [this](std::uint64_t event) {
        return std::vector<std::string>{
            "XADD", stream_name, "*", "number", std::to_string(event), "body", plan_.body(event)};
      },
      ignore);
}

// What was added before was trimmed away.
void Feed::let_go() { ask(*context_, {"XGROUP", "SETID", stream_name, group_name, "0"}); }

std::size_t Feed::take_wrong_count(std::uint64_t first, std::uint64_t count) {
  std::size_t wrong = 0;
  ask_all(
      *context_, first, count,
      [](std::uint64_t event) {
        return std::vector<std::string>{"HGET", results_name, std::to_string(event)};
      },
      [this, &wrong](std::uint64_t event, const redisReply& reply) {
        const bool right = reply.type == REDIS_REPLY_STRING &&
                           std::string_view(reply.str, reply.len) == plan_.result(event);
        if (!right) ++wrong;
      });
  const auto results = static_cast<std::uint64_t>(ask(*context_, {"HLEN", results_name})->integer);
  if (results > count) wrong += results - count;
  const ReplyHandle pending = ask(*context_, {"XPENDING", stream_name, group_name});
  wrong += static_cast<std::size_t>(pending->element[0]->integer);
  ask(*context_, {"XTRIM", stream_name, "MAXLEN", "0"});
  ask(*context_, {"UNLINK", results_name});
  return wrong;
}

}  // namespace plimsoll::bench
