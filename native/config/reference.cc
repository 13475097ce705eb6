#include "plimsoll/native/config/reference.h"

#include <cstring>

#include "plimsoll/native/config/option_rows.h"

namespace plimsoll::inline v0::native::config {
namespace {

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string_view name(Taken taken) {
  switch (taken) {
    case Taken::at_once: return "at once";
    case Taken::by_new_clients: return "new clients";
    case Taken::at_start: return "a new start";
  }
  return "?";
}

std::string default_of(const OptionRow& row) {
  const std::string value = shown(Configuration(), row);
  return value.empty() ? std::string(row.when_unset) : code(value);
}

}  // namespace

std::string reference_table() {
  std::string text =
      "| Option | Default | What it is | Expected | In the environment | A change is taken by |\n"
      "|---|---|---|---|---|---|\n";
  for (const OptionRow& row : option_rows()) {
    text += "| " + code(row.key) + " | " + default_of(row) + " | " + std::string(row.description) +
            (row.secret ? " *A secret: never shown.*" : "") + " | " + row.access.expected() +
            " | " + code(environment_name(row)) + " | " + std::string(name(row.taken)) + " |\n";
  }
  return text;
}

std::string with_reference(const std::string& document) {
  const std::size_t begin = document.find(reference_begin);
  const std::size_t end = document.find(reference_end);
  if (begin == document.npos || end == document.npos || end < begin) return {};
  return document.substr(0, begin + std::strlen(reference_begin)) + "\n" + reference_table() +
         "\n" + document.substr(end);
}

}  // namespace plimsoll::inline v0::native::config
