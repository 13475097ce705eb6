#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/resp/reader.h"
#include "plimsoll/tests/core/resp/model.h"
#include "plimsoll/tests/core/resp/reading.h"

// Each allocation that a stream of replies takes is refused in turn. At worst a reply is skipped,
// or not kept, or there is no room just now; the next replies are as if nothing had happened.

namespace plimsoll::testing::refusal_test {
namespace {

const std::vector<std::string>& replies() {
  static const std::vector<std::string> all = [] {
    std::string array = "*1000\r\n";
    for (int i = 0; i < 1000; ++i) array += "|1\r\n+a\r\n:1\r\n$2\r\nab\r\n";
    return std::vector<std::string>{"+a\r\n",        filler(50),
                                    array,           filler(40'000),
                                    filler(200'000), "$?\r\n;1\r\na\r\n;0\r\n",
                                    array,           "%1\r\n+k\r\n,1.5\r\n"};
  }();
  return all;
}

std::string shown(const std::string& bytes) {
  ReplyMemory memory;
  Reading reading(memory);
  reading.feed(bytes);
  return reading.outcome();
}

struct Count {
  std::size_t frames = 0;
  std::size_t skipped = 0;
  std::size_t not_kept = 0;
  std::size_t dry = 0;
};

class Replay {
 public:
  explicit Replay(ReplyMemory& memory) : reader_(*memory.account, {}) {}

  Count run(const std::vector<std::string>& expected) {
    for (const std::string& reply : replies()) feed(reply, expected);
    return count_;
  }

 private:
  void feed(std::string_view bytes, const std::vector<std::string>& expected) {
    while (!bytes.empty()) {
      const std::span<char> room = reader_.read_space();
      if (room.empty()) {
        // One allocation is refused, so the next is not.
        REQUIRE(++count_.dry == 1);
        continue;
      }
      const std::size_t taken = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), taken);
      reader_.handle_read(taken);
      bytes.remove_prefix(taken);
      while (reader_.next(true) == Reader::Poll::frame) take(expected);
    }
  }

  void take(const std::vector<std::string>& expected) {
    const std::string& wanted = expected[count_.frames++];
    if (reader_.dropped() != Parser::Drop::none) {
      ++count_.skipped;
      return;
    }
    if (show(reader_.value()) != wanted) FAIL("reply " << count_.frames - 1 << " differs");
    Result<Reply> reply = reader_.keep();
    if (!reply.ok()) {
      ++count_.not_kept;
      return;
    }
    if (show(reply->value()) != wanted) FAIL("kept reply " << count_.frames - 1 << " differs");
    kept_.push_back(std::move(reply).value());
  }

  Reader reader_;
  std::vector<Reply> kept_;
  Count count_;
};

TEST_CASE("every allocation of a stream may be refused, and costs one reply at most") {
  std::vector<std::string> expected;
  for (const std::string& reply : replies()) expected.push_back(shown(reply));
  Count all;
  std::size_t refusals = 0;
  for (bool refused = true; refused; ++refusals) {
    INFO("refused the allocation after " << refusals);
    ReplyMemory memory;
    memory.memory.refuse_one_after(refusals);
    const Count count = Replay(memory).run(expected);
    refused = memory.memory.has_refused();
    CHECK(count.frames == replies().size());
    CHECK(count.skipped + count.not_kept + count.dry <= 1);
    CHECK(memory.bytes_in_use() == 0);
    all.skipped += count.skipped;
    all.not_kept += count.not_kept;
    all.dry += count.dry;
  }
  CHECK(refusals > 10);
  CHECK(all.skipped > 0);
  CHECK(all.not_kept > 0);
}

}  // namespace
}  // namespace plimsoll::testing::refusal_test
