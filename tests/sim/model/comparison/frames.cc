#include "plimsoll/tests/sim/model/comparison/frames.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace plimsoll::sim::model {
namespace {

// A number between these may be a time to live; tests use no other numbers there.
constexpr long long times_min = 50;
constexpr long long times_max = 100'000'000'000'000;
constexpr long long seconds_max = 50'000;
constexpr long long difference_seconds_max = 40;

long long number_of(std::string_view line) {
  return std::strtoll(std::string(line.substr(1)).c_str(), nullptr, 10);
}

bool same_time(long long left, long long right) {
  const long long low = std::min(left, right);
  const long long high = std::max(left, right);
  if (low < times_min || high > times_max) return false;
  const bool milliseconds = low > seconds_max;
  return high - low <= difference_seconds_max * (milliseconds ? 1000 : 1);
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  return line;
}

bool is_unordered(std::string_view frame) {
  for (const std::string_view word : {"\r\npmessage\r\n", "unsubscribe\r\n"}) {
    if (frame.substr(0, 24).find(word) != std::string_view::npos) return true;
  }
  return false;
}

// All of a frame but a count at its end, if it has one.
std::string_view without_count(std::string_view frame) {
  const bool counted = frame.find("unsubscribe\r\n") != std::string_view::npos;
  return counted ? frame.substr(0, frame.rfind(':')) : frame;
}

// The counts stay where they are, the names change places.
void sort_run(std::vector<std::string>& all, std::size_t begin, std::size_t end) {
  std::vector<std::string> names;
  std::vector<std::string> counts;
  for (std::size_t i = begin; i < end; ++i) {
    const std::string_view name = without_count(all[i]);
    names.emplace_back(name);
    counts.push_back(all[i].substr(name.size()));
  }
  std::sort(names.begin(), names.end());
  for (std::size_t i = begin; i < end; ++i) all[i] = names[i - begin] + counts[i - begin];
}

// Appends a frame, or if there is something unordered in it, its head and its elements.
void append_apart(std::vector<std::string>& all, const std::string& frame) {
  const bool is_whole = is_unordered(frame) || !frame.starts_with('*') ||
                        frame.find("unsubscribe\r\n") == std::string::npos;
  const std::size_t head_end = frame.find('\n') + 1;
  all.push_back(is_whole ? frame : frame.substr(0, head_end));
  if (is_whole) return;
  for (std::string& element : frames(std::string_view(frame).substr(head_end))) {
    all.push_back(std::move(element));
  }
}

}  // namespace

std::optional<std::size_t> frame_end(std::string_view bytes) {
  const std::size_t line_end = bytes.find("\r\n");
  if (line_end == std::string_view::npos) return std::nullopt;
  std::size_t end = line_end + 2;
  const char type = bytes[0];
  if (type == '$' || type == '=') {
    const long long size = number_of(bytes.substr(0, line_end));
    if (size >= 0) end += static_cast<std::size_t>(size) + 2;
    return end <= bytes.size() ? std::optional(end) : std::nullopt;
  }
  if (type != '*' && type != '~' && type != '>' && type != '%') return end;
  long long elements = number_of(bytes.substr(0, line_end)) * (type == '%' ? 2 : 1);
  for (; elements > 0; --elements) {
    const std::optional<std::size_t> element = frame_end(bytes.substr(end));
    if (!element) return std::nullopt;
    end += *element;
  }
  return end;
}

std::vector<std::string> frames(std::string_view bytes) {
  std::vector<std::string> all;
  while (const std::optional<std::size_t> end = frame_end(bytes)) {
    all.emplace_back(bytes.substr(0, *end));
    bytes.remove_prefix(*end);
  }
  return all;
}

bool same_frame(std::string_view left, std::string_view right) {
  if (left == right) return true;
  while (!left.empty() && !right.empty()) {
    const std::string_view one = take_line(left);
    const std::string_view other = take_line(right);
    if (one == other) continue;
    if (!one.starts_with(':') || !other.starts_with(':')) return false;
    if (!same_time(number_of(one), number_of(other))) return false;
  }
  return left.empty() && right.empty();
}

void sort_unordered(std::vector<std::string>& all) {
  std::vector<std::string> apart;
  for (const std::string& frame : all) append_apart(apart, frame);
  all = std::move(apart);
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && is_unordered(all[end])) ++end;
    if (end > begin + 1) sort_run(all, begin, end);
    begin = std::max(end, begin + 1);
  }
}

}  // namespace plimsoll::sim::model
