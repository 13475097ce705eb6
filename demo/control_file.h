// Debian's control format, as dpkg's status file and apt's lists have it: paragraphs of "Field:
// value" lines, parted by empty lines; a line that begins with a blank continues the value above it
// (Debian Policy, chapter 5).
//
// All that is handed out are views into the text, which the caller keeps. Nothing is interpreted
// here but the syntax.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::demo {

struct Field {
  std::string_view name;
  std::string_view value;  // without blanks around it; a folded one keeps its newlines
  std::size_t line;        // of its first line in the file, counted from 1
};

/// One paragraph. Field names are compared exactly, since dpkg and apt write them in one spelling.
struct Paragraph {
  std::vector<Field> fields;
  std::size_t line;

  /// The field of this name, or null.
  [[nodiscard]] const Field* find(std::string_view name) const;
};

class ControlFile {
 public:
  /// `name` is what errors call the file. The text must outlive this and every paragraph.
  ControlFile(std::string name, std::string_view text) : name_(std::move(name)), rest_(text) {}

  /// The next paragraph, or nothing at the end. Throws BadInput that names file and line.
  std::optional<Paragraph> next();

  /// Throws BadInput: "<file>:<line>: <what>".
  [[noreturn]] void fail(std::size_t line, std::string_view what) const;

 private:
  std::string_view take_line();
  void add(Paragraph& paragraph, std::string_view line);

  std::string name_;
  std::string_view rest_;
  std::size_t line_ = 0;  // of the line taken last
};

}  // namespace plimsoll::demo
