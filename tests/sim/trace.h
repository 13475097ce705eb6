#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/base/time.h"

// What happened: the last events in readable form, for whoever looks into a violation, and a hash
// of all bytes and outcomes, by which two runs of a seed are compared. Texts are made only when
// someone reads them.

namespace plimsoll::sim {

/// A number, a time, or a literal, for a `%` in a note.
class TraceArgument {
 public:
  TraceArgument() = default;
  TraceArgument(std::uint64_t number) : number_(number) {}  // NOLINT(google-explicit-constructor)
  TraceArgument(Duration time)                              // NOLINT(google-explicit-constructor)
      : kind_(Kind::time), number_(static_cast<std::uint64_t>(time.count())) {}
  TraceArgument(const char* literal)  // NOLINT(google-explicit-constructor)
      : kind_(Kind::text), text_(literal) {}

  void append_to(std::string& line) const;

 private:
  enum class Kind : std::uint8_t { number, time, text };
  Kind kind_ = Kind::number;
  std::uint64_t number_ = 0;
  const char* text_ = "";
};

/// Of a stream of bytes, however it is cut.
class StreamHash {
 public:
  void add(std::string_view bytes);
  std::uint64_t value() const { return (hash_ ^ part_) * prime + part_size_; }

  static constexpr std::uint64_t prime = 0x9fb21c651e98df25;

 private:
  std::uint64_t hash_ = 0x2545f4914f6cdd1d;
  std::uint64_t part_ = 0;  // fewer than 8 bytes
  unsigned part_size_ = 0;
};

class Trace {
 public:
  enum class Printing { off, on };

  explicit Trace(Printing printing) : printing_(printing) {}

  /// `who` and `text` are literals; each `%` of the text stands for an argument.
  void note(Instant now, const char* who, std::uint64_t number, const char* text,
            TraceArgument first = {}, TraceArgument second = {}, TraceArgument third = {}) {
    Note& place = notes_[noted_++ % notes_.size()];
    place = {now, who, number, text, {first, second, third}};
    if (printing_ == Printing::on) print(place);
  }

  /// Makes `value` part of the hash.
  void mix(std::uint64_t value) {
    hash_ = (hash_ ^ value) * StreamHash::prime;
    hash_ ^= hash_ >> 32;
  }
  std::uint64_t hash() const { return hash_; }

  /// The last notes, oldest first, a line each.
  std::vector<std::string> last_lines() const;

 private:
  struct Note {
    Instant at{};
    const char* who = "";
    std::uint64_t number = 0;
    const char* text = "";
    std::array<TraceArgument, 3> arguments{};
  };

  static std::string line(const Note& note);
  static void print(const Note& note);

  const Printing printing_;
  std::uint64_t noted_ = 0;
  std::uint64_t hash_ = 0;
  std::array<Note, 128> notes_;
};

}  // namespace plimsoll::sim
