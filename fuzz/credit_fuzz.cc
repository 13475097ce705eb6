#include "plimsoll/native/bridge/relay/credit.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/fuzz/expect.h"

// Messages of the subprotocol with credits, each in one piece and cut anywhere, against a naive
// reader that has them whole. The first byte of the input seeds the cuts; each message has a byte
// that says how long it is.

namespace plimsoll::fuzz {
namespace {

using bridge::CreditReader;

struct Outcome {
  std::string data;
  std::uint64_t left = 0;
  bool is_good = true;
};

std::vector<std::string> messages_in(std::string_view input) {
  std::vector<std::string> messages;
  while (!input.empty()) {
    const std::size_t size = static_cast<unsigned char>(input.front()) % 12;
    messages.emplace_back(input.substr(1, size));
    input.remove_prefix(std::min(1 + size, input.size()));
  }
  return messages;
}

bool take_naively(const std::string& message, Outcome& outcome) {
  if (message.empty()) return false;
  if (message[0] == bridge::type_data) {
    outcome.data += message.substr(1);
    return true;
  }
  if (message[0] != bridge::type_credit || message.size() != 5) return false;
  std::uint64_t granted = 0;
  for (int i = 4; i > 0; --i) granted = granted * 256 + static_cast<unsigned char>(message[i]);
  outcome.left += granted;
  return granted > 0 && outcome.left <= bridge::credit_max;
}

Outcome expected_of(const std::vector<std::string>& messages) {
  Outcome expected;
  for (const std::string& each : messages) {
    if (!expected.is_good) break;
    expected.is_good = take_naively(each, expected);
  }
  return expected;
}

// A message's last piece may be empty.
template <class NextSize>
Outcome outcome_of(const std::vector<std::string>& messages, NextSize&& next_size) {
  CreditReader reader;
  Outcome outcome;
  for (const std::string& message : messages) {
    std::string_view rest = message;
    bool is_last = false;
    while (!is_last) {
      const std::string piece(rest.substr(0, next_size()));
      rest.remove_prefix(piece.size());
      is_last = rest.empty() && (!piece.empty() || message.empty() || next_size() % 2 == 0);
      outcome.data += reader.take(piece, is_last);
    }
  }
  outcome.is_good = reader.problem() == CreditReader::Problem::none;
  outcome.left = reader.left();
  return outcome;
}

void check(const Outcome& outcome, const Outcome& expected) {
  expect("whether it makes sense", outcome.is_good == expected.is_good);
  expect_equal("the data", outcome.data, expected.data);
  expect("what may be sent", !expected.is_good || outcome.left == expected.left);
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  if (size < 1) return 0;
  const auto messages = messages_in({reinterpret_cast<const char*>(data) + 1, size - 1});
  const Outcome expected = expected_of(messages);
  std::minstd_rand random(data[0]);
  check(outcome_of(messages, [] { return std::string_view::npos; }), expected);
  check(outcome_of(messages, [] { return std::size_t{1}; }), expected);
  check(outcome_of(messages, [&] { return random() % 4; }), expected);
  return 0;
}
