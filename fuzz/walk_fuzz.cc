#include "plimsoll/core/cluster/walk.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/cluster/self_report.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/fuzz/expect.h"
#include "plimsoll/tests/core/resp/reading.h"

// What a walk over the keys of a cluster gets from others. The first letter of the input says what
// follows: C: a cursor as a caller gives it; B: the bytes in a cursor, which get their checksum
// here; N: the answer to CLUSTER NODES; anything else: that to INFO.

namespace plimsoll::fuzz {
namespace {

std::string write(const WalkState& state) {
  std::array<char, walk_cursor_bytes_max> room;
  return std::string(write_walk_cursor(state, room));
}

void check_cursor(std::string_view text) {
  const std::string copy(text);  // a heap block of its size, so that a sanitizer sees its end
  Walk walk;
  const Status read = walk.set_cursor(copy);
  if (!read) return expect("the error", read.error().code == ErrorCode::invalid_argument);
  const WalkState state = walk.state();
  expect("a walk that goes on has slots to do", !state.done.all());
  if (state.pass) {
    SlotSet both = state.pass->slots;
    both.keep(state.done);
    expect("a pass has slots that are not done", both.empty() && !state.pass->slots.empty());
  }
  WalkState again;
  const bool is_read = read_walk_cursor(write(state), again).ok();
  expect("a cursor that was written is read", is_read && again == state);
  // Whatever it says, a walk can be asked.
  const std::uint64_t node = state.pass ? state.pass->node : 1;
  const auto step = walk.next([node](Slot slot) { return slot % 2 == 0 ? node : 2; });
  if (!step) return expect("the error", step.error().code == ErrorCode::cluster_down);
  walk.take_page(node, 0);
}

std::string naive_letters(std::string_view bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bits;
  for (const char c : bytes) {
    for (int i = 7; i >= 0; --i) bits += (static_cast<unsigned char>(c) >> i & 1) != 0 ? '1' : '0';
  }
  bits.resize((bits.size() + 5) / 6 * 6, '0');
  std::string text;
  for (std::size_t at = 0; at < bits.size(); at += 6) {
    text += letters[std::stoul(bits.substr(at, 6), nullptr, 2)];
  }
  return text;
}

void check_bytes(std::string_view bytes) {
  std::uint32_t sum = 0x811c9dc5;
  for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 0x01000193;
  std::string all(bytes);
  for (int i = 0; i < 4; ++i) all += static_cast<char>(sum >> 8 * i);
  check_cursor("walk1-" + naive_letters(all));
}

// Calls `use(BytesView)` with the text as a reply that came in pieces.
template <class Use>
void in_pieces(std::string_view text, std::size_t piece_bytes, Use&& use) {
  static testing::ReplyMemory memory;
  Reader reader(*memory.account, {});
  std::string bytes = "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
  std::string_view left = bytes;
  Reader::Poll poll = Reader::Poll::need_more;
  while (poll == Reader::Poll::need_more && !left.empty()) {
    const std::span<char> room = reader.read_space();
    const std::size_t taken = std::min({room.size(), piece_bytes, left.size()});
    if (taken == 0) return;
    std::memcpy(room.data(), left.data(), taken);
    reader.handle_read(taken);
    left.remove_prefix(taken);
    poll = reader.next(true);
  }
  if (poll == Reader::Poll::frame && reader.dropped() == Parser::Drop::none) {
    use(*reader.value().as_bytes());
  }
}

std::string show(const SelfReport& report, bool is_read) {
  if (!is_read) return "garbled";
  std::string shown(report.id.data(), report.id.size());
  shown += report.is_primary ? " primary" : " replica";
  report.at_rest.for_each_range([&shown](Slot first, Slot last) {
    for (std::uint32_t slot = first; slot <= last; ++slot) shown += " " + std::to_string(slot);
  });
  return shown;
}

// -1: no slot.
long naive_slot(const std::string& text) {
  const bool is_number = !text.empty() && text.size() <= 60 &&
                         text.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) return -1;
  const std::string digits = text.substr(std::min(text.find_first_not_of('0'), text.size() - 1));
  const long slot = digits.size() > 5 ? 16384 : std::stol(digits);
  return slot < 16384 ? slot : -1;
}

// Nothing if the line is garbled.
std::optional<std::string> naive_line(const std::vector<std::string>& words) {
  std::vector<bool> owned(16384);
  std::vector<bool> open(16384);
  if (words.size() < 8 || words[0].size() != 40 ||
      words[0].find_first_not_of("0123456789abcdef") != std::string::npos) {
    return std::nullopt;
  }
  for (std::size_t i = 8; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::size_t dash = word.find('-');
    if (word.size() > 64) return std::nullopt;
    if (word[0] == '[') {
      const long slot = dash == word.npos ? -1 : naive_slot(word.substr(1, dash - 1));
      if (slot < 0) return std::nullopt;
      open[static_cast<std::size_t>(slot)] = true;
      continue;
    }
    const long first = naive_slot(word.substr(0, dash));
    const long last = dash == word.npos ? first : naive_slot(word.substr(dash + 1));
    if (first < 0 || last < first) return std::nullopt;
    for (long slot = first; slot <= last; ++slot) owned[static_cast<std::size_t>(slot)] = true;
  }
  const std::string flags = "," + words[2].substr(0, 64) + ",";
  const bool is_primary =
      flags.find(",master,") != flags.npos || flags.find(",primary,") != flags.npos;
  std::string shown = words[0] + (is_primary ? " primary" : " replica");
  for (std::size_t slot = 0; slot < 16384; ++slot) {
    if (owned[slot] && !open[slot]) shown += " " + std::to_string(slot);
  }
  return shown;
}

std::string naive_nodes(std::string_view text) {
  std::string found;
  std::size_t line_begin = 0;
  while (line_begin <= text.size()) {
    const std::size_t end = std::min(text.find('\n', line_begin), text.size());
    std::vector<std::string> words;
    std::string word;
    for (const char c : std::string(text.substr(line_begin, end - line_begin)) + " ") {
      if (c != ' ') {
        word += c;
      } else if (!word.empty()) {
        words.push_back(word);
        word.clear();
      }
    }
    line_begin = end + 1;
    const std::string flags = words.size() < 3 ? "" : "," + words[2].substr(0, 64) + ",";
    if (flags.find(",myself,") == flags.npos) continue;
    const auto line = naive_line(words);
    if (!line || !found.empty()) return "garbled";
    found = *line;
  }
  return found.empty() ? "garbled" : found;
}

void check_nodes(std::string_view text) {
  const std::string expected = naive_nodes(text);
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    in_pieces(text, size, [&](const BytesView& bytes) {
      SelfReport report;
      const Status read = report.read_nodes(bytes);
      expect_equal("a node's own line", show(report, read.ok()), expected);
    });
  }
}

void check_fields(std::string_view text) {
  std::optional<SelfReport> first;
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    in_pieces(text, size, [&first](const BytesView& bytes) {
      SelfReport report;
      report.read_fields(bytes);
      if (!first) first = report;
      expect("the same in pieces", report.identity == first->identity &&
                                       report.came == first->came && report.left == first->left &&
                                       report.settled == first->settled &&
                                       report.is_serving == first->is_serving &&
                                       report.check().ok() == first->check().ok());
    });
  }
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view rest = input.substr(std::min<std::size_t>(input.size(), 1));
  if (input.starts_with("C")) {
    check_cursor(rest);
  } else if (input.starts_with("B")) {
    check_bytes(rest);
  } else if (input.starts_with("N")) {
    check_nodes(rest);
  } else {
    check_fields(input);
  }
  return 0;
}
