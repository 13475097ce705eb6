#include "plimsoll/tests/sim/trace.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace plimsoll::sim {
namespace {

void append_milliseconds(std::string& line, std::uint64_t nanoseconds) {
  std::array<char, 40> text;
  const std::uint64_t microseconds = nanoseconds / 1000;
  const int size = std::snprintf(text.data(), text.size(), "%llu.%03llu ms",
                                 static_cast<unsigned long long>(microseconds / 1000),
                                 static_cast<unsigned long long>(microseconds % 1000));
  line.append(text.data(), static_cast<std::size_t>(size));
}

}  // namespace

void TraceArgument::append_to(std::string& line) const {
  switch (kind_) {
    case Kind::number: line += std::to_string(number_); return;
    case Kind::time: append_milliseconds(line, number_); return;
    case Kind::text: line += text_; return;
  }
}

void StreamHash::add(std::string_view bytes) {
  while (part_size_ != 0 && !bytes.empty()) {
    part_ |= std::uint64_t{static_cast<unsigned char>(bytes[0])} << (8 * part_size_);
    bytes.remove_prefix(1);
    if (++part_size_ < 8) continue;
    hash_ = (hash_ ^ part_) * prime;
    hash_ ^= hash_ >> 29;
    part_ = part_size_ = 0;
  }
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    hash_ = (hash_ ^ word) * prime;
    hash_ ^= hash_ >> 29;
  }
  for (const char byte : bytes) {
    part_ |= std::uint64_t{static_cast<unsigned char>(byte)} << (8 * part_size_++);
  }
}

std::string Trace::line(const Note& note) {
  std::string line;
  append_milliseconds(line, static_cast<std::uint64_t>(note.at.time_since_epoch().count()));
  line.insert(0, line.size() < 16 ? 16 - line.size() : 0, ' ');
  line += "  ";
  line += note.who;
  line += ' ' + std::to_string(note.number) + ": ";
  std::size_t next = 0;
  for (const char* at = note.text; *at != '\0'; ++at) {
    if (*at == '%' && next < note.arguments.size()) {
      note.arguments[next++].append_to(line);
    } else {
      line += *at;
    }
  }
  return line;
}

void Trace::print(const Note& note) { std::puts(line(note).c_str()); }

std::vector<std::string> Trace::last_lines() const {
  std::vector<std::string> lines;
  for (std::uint64_t i = noted_ - std::min<std::uint64_t>(noted_, notes_.size()); i < noted_; ++i) {
    lines.push_back(line(notes_[i % notes_.size()]));
  }
  return lines;
}

}  // namespace plimsoll::sim
