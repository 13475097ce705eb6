#include <algorithm>

#include <hiredis/hiredis.h>

#include "plimsoll/bench/parser/parsers.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

std::uint64_t look_at(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER: return static_cast<std::uint64_t>(reply.integer);
    case REDIS_REPLY_STRING: return reply.len;
    case REDIS_REPLY_ARRAY: return reply.elements;
    default: fail("hiredis' reader", "an unexpected reply");
  }
}

}  // namespace

Seen parse_with_hiredis(std::string_view resp2, Makes makes) {
  Seen seen;
  redisReader* reader =
      makes == Makes::objects ? redisReaderCreate() : redisReaderCreateWithFunctions(nullptr);
  while (!resp2.empty()) {
    const auto piece = resp2.substr(0, std::min(piece_bytes, resp2.size()));
    resp2.remove_prefix(piece.size());
    redisReaderFeed(reader, piece.data(), piece.size());
    for (;;) {
      void* answer = nullptr;
      if (redisReaderGetReply(reader, &answer) != REDIS_OK) fail("hiredis' reader", reader->errstr);
      if (answer == nullptr) break;
      seen.replies_count += 1;
      if (makes == Makes::views) continue;  // `answer` is the type
      auto* reply = static_cast<redisReply*>(answer);
      seen.sum += look_at(*reply);
      freeReplyObject(reply);
    }
  }
  redisReaderFree(reader);
  return seen;
}

}  // namespace plimsoll::bench
