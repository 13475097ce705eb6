#include "plimsoll/demo/control_file.h"

#include <algorithm>

#include "plimsoll/demo/bad_input.h"

namespace plimsoll::demo {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_blank(char c) { return blanks.find(c) != std::string_view::npos; }

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_field_name(std::string_view name) {
  if (name.empty() || name.front() == '#' || name.front() == '-') return false;
  return std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

const Field* Paragraph::find(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

std::optional<Paragraph> ControlFile::next() {
  Paragraph paragraph{};
  while (!rest_.empty()) {
    const auto line = take_line();
    if (!trimmed(line).empty()) {
      add(paragraph, line);
    } else if (!paragraph.fields.empty()) {
      break;
    }
  }
  if (paragraph.fields.empty()) return std::nullopt;
  for (auto& field : paragraph.fields) field.value = trimmed(field.value);
  paragraph.line = paragraph.fields.front().line;
  return paragraph;
}

void ControlFile::fail(std::size_t line, std::string_view what) const {
  throw BadInput(name_ + ":" + std::to_string(line) + ": " + std::string(what));
}

std::string_view ControlFile::take_line() {
  const auto end = std::min(rest_.find('\n'), rest_.size());
  const auto line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  ++line_;
  return line;
}

void ControlFile::add(Paragraph& paragraph, std::string_view line) {
  if (is_blank(line.front())) {
    if (paragraph.fields.empty()) fail(line_, "a line that begins with a blank continues no field");
    // The value grows over the newline to the end of this line: both lie in the same text.
    auto& value = paragraph.fields.back().value;
    value = {value.begin(), line.end()};
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_field_name(line.substr(0, colon))) {
    fail(line_, "expected 'Field: value', found " + in_quotes(line));
  }
  const auto name = line.substr(0, colon);
  if (paragraph.find(name) != nullptr)
    fail(line_, "a second field " + in_quotes(name) + " in one paragraph");
  paragraph.fields.push_back({name, line.substr(colon + 1), line_});
}

}  // namespace plimsoll::demo
