#include "plimsoll/core/resp/encoder.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/fuzz/expect.h"
#include "plimsoll/tests/core/resp/model.h"
#include "plimsoll/tests/core/resp/reading.h"

// Any arguments, encoded and read back. The first byte of the input says which part of the command
// each argument belongs to. Then come the arguments: a byte says how long one is, the next how
// often it is repeated, its bytes follow.

namespace plimsoll::fuzz {
namespace {

using testing::Model;

std::vector<std::string> arguments_of(std::string_view input) {
  std::vector<std::string> args;
  while (input.size() >= 2) {
    const auto length = static_cast<unsigned char>(input[0]);
    const auto repeats = static_cast<unsigned char>(input[1]);
    const std::string_view part = input.substr(2, length);
    std::string& arg = args.emplace_back();
    for (int i = 0; i <= repeats; ++i) arg += part;
    input.remove_prefix(2 + part.size());
  }
  return args;
}

std::string encode_whole(const CommandView& command) {
  std::string encoded(encoded_size(command), '\0');
  expect("encode() ends where encoded_size() says",
         encode(command, encoded.data()) == encoded.data() + encoded.size());
  expect("encoded_size_bound() is a bound", encoded_size_bound(command) >= encoded.size());
  return encoded;
}

std::string encode_parts(const CommandView& command) {
  std::string encoded;
  encode_in_parts(command, [&encoded](std::string_view part) { encoded += part; });
  return encoded;
}

std::string read_back(const std::string& encoded) {
  static testing::ReplyMemory memory;
  testing::Reading reading(memory);
  reading.feed(encoded);
  return reading.outcome();
}

void round_trip(std::size_t split, const std::vector<std::string>& args) {
  const std::vector<std::string_view> views(args.begin(), args.end());
  const std::span<const std::string_view> all(views);
  const std::size_t first = std::min(split % 4, all.size());
  const std::size_t second = std::min(split / 4 % 4, all.size() - first);
  std::vector<ArgumentPair> pairs;
  std::vector<Model> expected{testing::bulk("GET")};
  for (const std::string_view arg : all.first(first + second)) {
    expected.push_back(testing::bulk(arg));
  }
  for (std::size_t i = first + second; i + 1 < all.size(); i += 2) {
    pairs.push_back({all[i], all[i + 1]});
    expected.push_back(testing::bulk(all[i]));
    expected.push_back(testing::bulk(all[i + 1]));
  }

  CommandView command;
  command.args = all.first(first);
  command.more_args = all.subspan(first, second);
  command.pairs = pairs;
  command.head = "$3\r\nGET\r\n";
  command.head_parts = 1;
  const std::string encoded = encode_whole(command);
  expect_equal("encoded in parts", encode_parts(command), encoded);

  if (command.more_args.empty() && command.pairs.empty()) {
    const std::string counted = "*" + std::to_string(expected.size()) + "\r\n$3\r\nGET\r\n";
    command.head = counted;
    command.head_kind = CommandView::Head::counted;
    expect_equal("encoded behind a count", encode_whole(command), encoded);
    expect_equal("encoded behind a count, in parts", encode_parts(command), encoded);
  }

  const CommandView again = CommandView::from_encoded(encoded);
  expect_equal("what was encoded before", encode_whole(again), encoded);
  expect_equal("what was encoded before, in parts", encode_parts(again), encoded);

  expect_equal("what is read back", read_back(encoded), show(testing::array(std::move(expected))));
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  if (size == 0) return 0;
  round_trip(data[0], arguments_of({reinterpret_cast<const char*>(data) + 1, size - 1}));
  return 0;
}
