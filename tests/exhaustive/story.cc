#include "plimsoll/tests/exhaustive/story.h"

#include <cstdio>

#include "plimsoll/core/base/check.h"

namespace plimsoll::exhaustive {
namespace {

const Story* told = nullptr;

void print_story(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "CHECK failed: %s (%s:%d), after\n%s", condition, file, line,
               told == nullptr ? "" : told->text().c_str());
}

}  // namespace

Story::Story() {
  told = this;
  set_check_hook(&print_story);
}

Story::~Story() { told = nullptr; }

void Story::fail(const std::string& property) const {
  throw Failure("does not hold: " + property + ", after\n" + text());
}

std::string Story::text() const {
  std::string text;
  for (const Line& line : lines_) {
    text += "  ";
    text += line.move;
    if (line.number != no_number) text += ' ' + std::to_string(line.number);
    text += '\n';
  }
  return text;
}

}  // namespace plimsoll::exhaustive
