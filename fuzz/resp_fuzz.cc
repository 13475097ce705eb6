#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/fuzz/expect.h"
#include "plimsoll/tests/core/resp/naive_parser.h"
#include "plimsoll/tests/core/resp/reading.h"

// Any bytes through a Reader, in several ways, against a naive parser. The first byte of the input
// says how much memory there is, the second seeds the split; the stream follows. What is viewed and
// what is kept is compared wherever a frame is read (Reading).

namespace plimsoll::fuzz {
namespace {

using testing::NaiveOutcome;
using testing::Reading;
using testing::Replies;
using testing::ReplyMemory;

struct Input {
  std::uint8_t memory;
  std::uint8_t seed;
  std::string_view stream;
};

void expect_returned(ReplyMemory& memory) {
  const BudgetStatistics all = memory.budget.statistics();
  expect("everything given back", all.pool(PoolKind::replies).used == 0);
  expect("the line", all.peak <= all.limit);
  expect("more charged than allocated", memory.memory.bytes_out() <= all.used);
}

void feed_in_pieces(Reading& reading, const Input& input) {
  std::minstd_rand random(input.seed);
  const std::size_t piece_max = std::size_t{1} << (input.seed % 8);
  std::string_view left = input.stream;
  while (!left.empty() && !reading.error()) {
    const std::size_t size = std::min<std::size_t>(1 + random() % piece_max, left.size());
    expect("room", reading.feed(left.substr(0, size)) == size || reading.error());
    left.remove_prefix(size);
  }
}

void read_with_memory(const Input& input, const std::string& expected) {
  static ReplyMemory memory;
  {
    Reading whole(memory);
    whole.feed(input.stream);
    expect_equal("read whole", whole.outcome(), expected);
    Reading pieces(memory);
    feed_in_pieces(pieces, input);
    expect_equal("read in pieces", pieces.outcome(), expected);
    Reading across(memory);
    across.feed_across_buffers(input.stream, input.seed * std::size_t{8});
    expect_equal("read across buffers", across.outcome(), expected);
  }
  expect_returned(memory);
}

/// Each frame is as expected, or skipped for the reason given; the end is the same.
void expect_frames(const Reading& reading, const NaiveOutcome& expected, std::string_view skipped) {
  expect("the number of frames", reading.frames().size() == expected.frames.size());
  for (std::size_t i = 0; i < expected.frames.size(); ++i) {
    if (reading.frames()[i] != skipped) {
      expect_equal("a frame", reading.frames()[i], expected.frames[i]);
    }
  }
  expect_equal("the end", reading.end(), expected.end);
}

void expect_pushes(const Reading& reading, const NaiveOutcome& expected) {
  for (std::size_t i = 0; i < expected.frames.size(); ++i) {
    if (!expected.frames[i].starts_with("push [")) continue;
    expect_equal("a push", reading.frames()[i], expected.frames[i]);
  }
}

// Nobody waits for the replies, or for some of them, or no more when they are half there.
void read_unwanted(const Input& input, const NaiveOutcome& expected) {
  static ReplyMemory memory;
  {
    Reading never(memory, Replies::unwanted);
    feed_in_pieces(never, input);
    expect_frames(never, expected, "(unwanted)");
    expect_pushes(never, expected);

    Reading at_times(memory);
    std::minstd_rand random(input.seed);
    for (std::string_view left = input.stream; !left.empty() && !at_times.error();) {
      at_times.set_replies(random() % 4 == 0 ? Replies::unwanted : Replies::wanted);
      const std::string_view piece = left.substr(0, 1 + random() % 50);
      at_times.feed(piece);
      left.remove_prefix(piece.size());
    }
    expect_frames(at_times, expected, "(unwanted)");
    expect_pushes(at_times, expected);
  }
  expect_returned(memory);
}

// With little memory, and with a small bound for replies: frames may be skipped, nothing else.
void read_short_of_memory(const Input& input, const NaiveOutcome& expected) {
  static ReplyMemory memory({.memory_limit = memory_limit_min});
  {
    Charge others(*memory.account);
    const std::size_t pool = memory.budget.limit(PoolKind::replies);
    expect("the others' share", others.grow(pool - input.memory % 16 * (pool / 16)));
    Reading short_of_memory(memory);
    feed_in_pieces(short_of_memory, input);
    expect_frames(short_of_memory, expected, "(too large)");
  }
  {
    Reading bounded(memory, Replies::wanted, {.reply_bytes_max = input.memory * std::size_t{4}});
    feed_in_pieces(bounded, input);
    expect_frames(bounded, expected, "(too large)");
  }
  expect_returned(memory);
}

// One allocation is refused: at worst a frame is skipped, or there is no room just now.
void read_with_a_refusal(const Input& input, const NaiveOutcome& expected) {
  ReplyMemory memory;
  memory.memory.refuse_one_after(input.memory % 8);
  {
    Reading reading(memory);
    std::string_view left = input.stream;
    while (!left.empty() && !reading.error()) {
      const std::size_t before = memory.memory.requests_count();
      const std::size_t fed = reading.feed(left);
      left.remove_prefix(fed);
      expect("room",
             !reading.error() && !left.empty() ? memory.memory.requests_count() > before : true);
    }
    expect_frames(reading, expected, "(too large)");
  }
  expect_returned(memory);
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  if (size < 2) return 0;
  const Input input{data[0], data[1], {reinterpret_cast<const char*>(data) + 2, size - 2}};
  const plimsoll::testing::NaiveOutcome expected = plimsoll::testing::naive_read(input.stream);
  read_with_memory(input, plimsoll::testing::naive_outcome(input.stream));
  read_unwanted(input, expected);
  read_short_of_memory(input, expected);
  read_with_a_refusal(input, expected);
  return 0;
}
