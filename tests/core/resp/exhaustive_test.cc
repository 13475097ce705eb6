#include <cstddef>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/model.h"
#include "plimsoll/tests/core/resp/naive_parser.h"
#include "plimsoll/tests/core/resp/reading.h"

// All short frames there are, built of the bytes that mean something to a parser, whole and cut
// before each token, against the naive parser. Only what has begun well is gone on with.

namespace plimsoll::testing::exhaustive_test {
namespace {

constexpr std::string_view tokens[] = {"$", "*", "%", "~", ">",    "|",  "=",  "!", ":",
                                       "+", "-", ",", "(", "_",    "#",  "t",  ".", ";",
                                       "?", "0", "1", "2", "\r\n", "\r", "\n", "e", "a"};

class Enumeration {
 public:
  void run(std::string& bytes, std::size_t tokens_left) {
    for (const std::string_view token : tokens) {
      const std::size_t before = bytes.size();
      bytes += token;
      compare(bytes, before);
      if (tokens_left > 1 && naive_outcome(bytes) == "...") run(bytes, tokens_left - 1);
      bytes.resize(before);
    }
  }

  std::size_t count() const { return count_; }

 private:
  void compare(std::string_view bytes, std::size_t cut) {
    ++count_;
    Reading whole(memory_);
    whole.feed(bytes);
    Reading pieces(memory_);
    pieces.feed(bytes.substr(0, cut));
    pieces.feed(bytes.substr(cut));
    const std::string expected = naive_outcome(bytes);
    if (whole.outcome() == expected && pieces.outcome() == expected) return;
    FAIL(escape(bytes) << "\n  expected: " << expected << "\n  whole:    " << whole.outcome()
                       << "\n  cut:      " << pieces.outcome());
  }

  ReplyMemory memory_;
  std::size_t count_ = 0;
};

TEST_CASE("every short frame is read as the naive parser reads it") {
  Enumeration all;
  std::string bytes;
  all.run(bytes, 4);
  CHECK(all.count() > 5'000);
}

TEST_CASE("every short end of an array, of a streamed one and of an attribute is read alike") {
  for (const std::string begin : {"*2\r\n", "*?\r\n", "%?\r\n:1\r\n", "|1\r\n:1\r\n", "$?\r\n",
                                  "$?\r\n;1\r\na\r\n", "*1\r\n|0\r\n", "=5\r\nabc"}) {
    Enumeration all;
    std::string bytes = begin;
    all.run(bytes, 3);
    CHECK(all.count() > 100);
  }
}

}  // namespace
}  // namespace plimsoll::testing::exhaustive_test
