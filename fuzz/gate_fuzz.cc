#include "plimsoll/native/bridge/gate/gate.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/fuzz/expect.h"
#include "plimsoll/tests/core/memory/test_memory.h"
#include "plimsoll/tests/native/bridge/judged.h"

// Any bytes through the bridge's gate: whole, in pieces, and short of memory, against a naive
// reader that has all of them at once. The first byte of the input seeds the split, the second says
// which allocation is refused; the stream follows.

namespace plimsoll::fuzz {
namespace {

using bridge::Gate;
using bridge::GateOutcome;
using bridge::Policy;
using bridge::Verdict;

constexpr bridge::RequestLimits limits = {.request_bytes_max = 700, .request_words_max = 60};

const Policy& policy() {
  static const Policy made = testing::policy_of(
      {.allow = {"@read", "@write", "@connection", "@pubsub", "@scripting", "client"},
       .deny = {"@admin"},
       .key_prefixes = {"p:", "st"},
       .channel_prefixes = {"c:", "_"},
       .databases = {0, 3}});
  return made;
}

struct Expected {
  std::string output;
  std::uint64_t allowed = 0;
  std::uint64_t refused = 0;
  GateOutcome outcome = GateOutcome::ok;
};

// Reads a request at the front of what is left, word by word; none where it is not whole, or none.
class NaiveReader {
 public:
  explicit NaiveReader(std::string_view stream) : left_(stream) {}

  GateOutcome outcome() const { return outcome_; }
  std::string_view bytes() const { return bytes_; }

  std::optional<std::vector<std::string_view>> read() {
    const std::string_view begin = left_;
    request_size_ = 0;
    const auto count = number('*', limits.request_words_max);
    if (!count) return std::nullopt;
    if (*count == 0) return fail(GateOutcome::protocol_error);
    std::vector<std::string_view> words;
    for (std::size_t i = 0; i < *count; ++i) {
      const auto size = number('$', limits.request_bytes_max);
      if (!size) return std::nullopt;
      // The gate says so as soon as the size is known.
      if (request_size_ + 1 + *size + 2 > limits.request_bytes_max) {
        if (take('\n')) fail(GateOutcome::too_large);
        return std::nullopt;
      }
      if (!take('\n') || left_.size() < *size) return std::nullopt;
      words.push_back(left_.substr(0, *size));
      left_.remove_prefix(*size);
      request_size_ += *size;
      if (!take('\r') || !take('\n')) return std::nullopt;
    }
    bytes_ = begin.substr(0, begin.size() - left_.size());
    return words;
  }

 private:
  std::nullopt_t fail(GateOutcome outcome) {
    outcome_ = outcome;
    return std::nullopt;
  }

  bool take(char expected) {
    if (left_.empty()) return false;
    const char c = left_.front();
    left_.remove_prefix(1);
    if (++request_size_ > limits.request_bytes_max) {
      fail(GateOutcome::too_large);
    } else if (c != expected) {
      fail(GateOutcome::protocol_error);
    }
    return outcome_ == GateOutcome::ok;
  }

  // "*12\r"; of an array, the newline too.
  std::optional<std::size_t> number(char mark, std::size_t max) {
    if (!take(mark)) return std::nullopt;
    std::string digits;
    while (!left_.empty() && left_.front() >= '0' && left_.front() <= '9') {
      if (digits == "0") return fail(GateOutcome::protocol_error);
      digits += left_.front();
      if (!take(left_.front())) return std::nullopt;
      if (std::stoul(digits) > max) return fail(GateOutcome::too_large);
    }
    if (digits.empty() && !left_.empty()) {
      take(left_.front() == '\r' ? '\n' : '\r');
      return std::nullopt;
    }
    if (!take('\r')) return std::nullopt;
    if (mark == '*' && std::stoul(digits) == 0 && !left_.empty()) {
      return fail(GateOutcome::protocol_error);
    }
    if (mark == '*' && !take('\n')) return std::nullopt;
    return std::stoul(digits);
  }

  std::string_view left_;
  std::string_view bytes_;
  std::size_t request_size_ = 0;
  GateOutcome outcome_ = GateOutcome::ok;
};

Expected expected_of(std::string_view stream) {
  Expected expected;
  NaiveReader reader(stream);
  while (const auto words = reader.read()) {
    const Verdict verdict = policy().judge(*words);
    if (verdict.is_allowed()) {
      expected.allowed += 1;
      expected.output += reader.bytes();
      continue;
    }
    expected.refused += 1;
    const std::string name = std::string(Verdict::refusal_mark) + std::string(verdict.reason());
    expect("a reason is printable",
           std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    expect("the server repeats all of a refusal", name.size() <= 128);
    expected.output += "*1\r\n$" + std::to_string(name.size()) + "\r\n" + name + "\r\n";
  }
  expected.outcome = reader.outcome();
  return expected;
}

struct Output final : Gate::Sink {
  void write(std::string_view commands) override { bytes += commands; }
  std::string bytes;
};

// Every piece lies in memory of its own, so that a view of an earlier one would be noticed.
template <class NextSize>
GateOutcome feed(Gate& gate, Output& output, std::string_view stream, NextSize&& next_size) {
  GateOutcome outcome = GateOutcome::ok;
  while (!stream.empty()) {
    const std::string piece(stream.substr(0, next_size()));
    stream.remove_prefix(piece.size());
    std::string_view left = piece;
    outcome = gate.feed(left, output);
    expect("all is taken", left.empty() || outcome != GateOutcome::ok);
  }
  return outcome;
}

template <class NextSize>
void check_split(std::string_view stream, const Expected& expected, NextSize&& next_size) {
  testing::TestMemory memory;
  Budget budget({}, memory);
  {
    const AccountHandle account = budget.open_account(PoolKind::requests);
    Gate gate(policy(), *account, limits);
    Output output;
    const GateOutcome outcome = feed(gate, output, stream, next_size);
    expect("the outcome", outcome == expected.outcome);
    expect_equal("what goes to the server", output.bytes, expected.output);
    expect("the commands allowed", gate.statistics().allowed == expected.allowed);
    expect("the commands refused", gate.statistics().refused == expected.refused);
    expect("bytes out", gate.statistics().bytes_out == output.bytes.size());
    expect("bytes in", outcome != GateOutcome::ok || gate.statistics().bytes_in == stream.size());
    const std::size_t held = budget.statistics().pool(PoolKind::requests).used;
    expect("memory is held for a request alone", gate.is_amid_request() || held == 0);
    expect("memory is bounded", held <= 2 * limits.request_bytes_max);
  }
  expect("everything given back", budget.statistics().pool(PoolKind::requests).used == 0);
}

// What goes to the server before memory is refused is the beginning of what would have.
void check_refused(std::string_view stream, const Expected& expected, std::size_t granted) {
  testing::TestMemory memory;
  Budget budget({}, memory);
  const AccountHandle account = budget.open_account(PoolKind::requests);
  Gate gate(policy(), *account, limits);
  memory.refuse_one_after(granted);
  Output output;
  const GateOutcome outcome = feed(gate, output, stream, [] { return std::size_t{40}; });
  const bool is_refused = memory.has_refused();
  expect("a refusal is told", outcome == (is_refused ? GateOutcome::no_memory : expected.outcome));
  expect("what came before", expected.output.starts_with(output.bytes));
  expect("all of it", is_refused || output.bytes == expected.output);
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  if (size < 2) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Expected expected = expected_of(stream);
  std::minstd_rand random(data[0]);
  const std::size_t longest = std::size_t{1} << (data[0] % 8);
  check_split(stream, expected, [] { return std::string_view::npos; });
  check_split(stream, expected, [] { return std::size_t{1}; });
  check_split(stream, expected, [&] { return 1 + random() % longest; });
  check_refused(stream, expected, data[1] % 8);
  return 0;
}
