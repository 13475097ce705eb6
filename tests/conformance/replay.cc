#include "plimsoll/tests/conformance/replay.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/resp/model.h"
#include "plimsoll/tests/core/resp/reading.h"

namespace plimsoll::testing {
namespace {

constexpr std::string_view next_reply = "+next\r\n";
constexpr std::string_view next_shown = "simple \"next\"";
constexpr std::size_t short_row_bytes = 24;
// Of a long row, only so many places are tried.
constexpr std::size_t places_max = 100;

std::string difference(const std::string& how, const Reading& reading,
                       const std::string& expected) {
  const std::string outcome = reading.outcome();
  return outcome == expected ? "" : how + ": " + outcome;
}

std::string feed_split(ReplyMemory& memory, const ConformanceCase& row,
                       const std::vector<std::size_t>& cuts) {
  const std::string bytes = bytes_of(row);
  Reading reading(memory);
  std::string how = "cut";
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    reading.feed(std::string_view(bytes).substr(from, cut - from));
    how += " " + std::to_string(cut);
    from = cut;
  }
  reading.feed(std::string_view(bytes).substr(from));
  return difference(how, reading, outcome_of(row));
}

std::string feed_bytes(ReplyMemory& memory, const ConformanceCase& row) {
  const std::string bytes = bytes_of(row);
  Reading reading(memory);
  for (const char& byte : bytes) reading.feed({&byte, 1});
  return difference("byte by byte", reading, outcome_of(row));
}

std::size_t step_through(std::size_t bytes) { return bytes / places_max + 1; }

}  // namespace

std::string bytes_of(const ConformanceCase& row) { return row.bytes + std::string(next_reply); }

std::string outcome_of(const ConformanceCase& row) {
  if (!row.error.empty()) return row.error;
  std::string outcome = row.skipped.empty() ? "" : row.skipped + "; ";
  for (const Model& frame : row.frames) outcome += show(frame) + "; ";
  return outcome + std::string(next_shown);
}

std::string replay_in_pieces(const ConformanceCase& row) {
  ReplyMemory memory;
  if (std::string wrong = feed_split(memory, row, {}); !wrong.empty()) return wrong;
  if (std::string wrong = feed_bytes(memory, row); !wrong.empty()) return wrong;
  const std::size_t size = row.bytes.size();
  for (std::size_t cut = 1; cut < size; cut += step_through(size)) {
    if (std::string wrong = feed_split(memory, row, {cut}); !wrong.empty()) return wrong;
    if (size > short_row_bytes) continue;
    for (std::size_t second = cut + 1; second <= size; ++second) {
      if (std::string wrong = feed_split(memory, row, {cut, second}); !wrong.empty()) return wrong;
    }
  }
  return "";
}

std::string replay_unwanted(const ConformanceCase& row) {
  ReplyMemory memory;
  std::string expected = row.skipped.empty() ? row.error : "(unwanted); ";
  for (const Model& frame : row.frames) {
    expected += (frame.type == Type::push ? show(frame) : "(unwanted)") + std::string("; ");
  }
  if (row.error.empty()) expected += "(unwanted)";

  const std::string bytes = bytes_of(row);
  Reading whole(memory, Replies::unwanted);
  whole.feed(bytes);
  if (std::string wrong = difference("unwanted", whole, expected); !wrong.empty()) return wrong;
  Reading single(memory, Replies::unwanted);
  for (const char& byte : bytes) single.feed({&byte, 1});
  return difference("unwanted, byte by byte", single, expected);
}

std::string replay_across_buffers(const ConformanceCase& row) {
  ReplyMemory memory;
  const std::size_t size = row.bytes.size();
  for (std::size_t room = 0; room <= size; room += step_through(size)) {
    Reading reading(memory);
    reading.feed_across_buffers(bytes_of(row), room);
    const std::string how = std::to_string(room) + " bytes in a buffer";
    if (std::string wrong = difference(how, reading, outcome_of(row)); !wrong.empty()) return wrong;
  }
  return "";
}

std::string replay_across_buffers_in_array(const ConformanceCase& row) {
  if (row.frames.size() != 1 || depth_of(row.frames.front()) == nesting_depth_max) return "";
  ReplyMemory memory;
  const std::string shown = show(row.frames.front()) + "]; " + std::string(next_shown);
  const std::string_view header = "*2\r\n";
  const std::size_t size = row.bytes.size();
  for (std::size_t before = 0; before <= size; before += step_through(size)) {
    const std::string fill = filler(segment_capacity - header.size() - before);
    Reading reading(memory);
    fill_small_buffer(reading.reader());
    reading.feed(std::string(header) + fill + bytes_of(row));
    const std::string filled(fill.begin() + static_cast<std::ptrdiff_t>(fill.find('f')),
                             fill.end() - 2);
    std::string expected = "[\"" + filled;
    expected += "\", " + shown;
    const std::string outcome = reading.outcome();
    if (outcome != expected) {
      const std::size_t shown = std::min(outcome.size(), filled.size());
      return std::to_string(before) + " bytes in a buffer: ..." + outcome.substr(shown);
    }
  }
  return "";
}

std::string replay_prefixes(const ConformanceCase& row) {
  ReplyMemory memory;
  Reading whole(memory);
  whole.feed(row.bytes);
  const std::size_t size = row.bytes.size();
  for (std::size_t end = 1; end < size; end += step_through(size)) {
    Reading prefix(memory);
    prefix.feed(std::string_view(row.bytes).substr(0, end));
    const std::size_t frames = prefix.frames().size();
    const bool same_frames =
        frames <= whole.frames().size() &&
        std::equal(prefix.frames().begin(), prefix.frames().end(), whole.frames().begin());
    const bool same_error =
        !prefix.error() || (prefix.outcome() == whole.outcome() && prefix.error()->offset < end);
    if (!same_frames || !same_error) return std::to_string(end) + " bytes: " + prefix.outcome();
  }
  return "";
}

}  // namespace plimsoll::testing
