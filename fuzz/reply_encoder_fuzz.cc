#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/core/resp/parser.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/core/resp/wire_value.h"
#include "plimsoll/fuzz/expect.h"
#include "plimsoll/tests/core/resp/reading.h"
#include "plimsoll/tests/native/bridge/shared/encoded.h"

// Any bytes as replies, which ReplyEncoder writes. The first byte of the input says how much is
// read at once, the second how large the rooms are.

namespace plimsoll::fuzz {
namespace {

using testing::encoded;
using testing::ReplyMemory;

// Calls `visit(value)` for each reply in `stream`, up to an error.
template <class Visit>
void for_each_reply(ReplyMemory& memory, std::string_view stream, std::size_t piece, Visit visit) {
  Reader reader(*memory.account, {});
  while (!stream.empty()) {
    const std::span<char> room = reader.read_space();
    const std::size_t taken = std::min({room.size(), piece, stream.size()});
    std::memcpy(room.data(), stream.data(), taken);
    reader.handle_read(taken);
    stream.remove_prefix(taken);
    Reader::Poll poll;
    while ((poll = reader.next(true)) == Reader::Poll::frame) {
      if (reader.dropped() == Parser::Drop::none) visit(reader.value());
    }
    if (poll == Reader::Poll::failed) return;
  }
}

void expect_written(ReplyMemory& memory, const Value& value, bool is_resp3, std::size_t space) {
  const std::string wire = encoded(value, is_resp3, space);
  std::size_t replies = 0;
  for_each_reply(memory, wire, SIZE_MAX, [&](const Value& again) {
    ++replies;
    expect_equal("what is read of it", encoded(again, is_resp3), wire);
  });
  expect("one reply", replies == 1);
  if (!is_resp3) return;
  std::string kept(wire_size(value), '\0');
  write_wire(value, kept.data());
  expect_equal("RESP3", wire, kept);
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  if (size < 2) return 0;
  static ReplyMemory memory;
  const std::size_t piece = data[0] + std::size_t{1};
  const std::size_t space = data[1] + std::size_t{1};
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  for_each_reply(memory, stream, piece, [space](const plimsoll::Value& value) {
    expect_written(memory, value, false, space);
    expect_written(memory, value, true, space);
  });
  return 0;
}
