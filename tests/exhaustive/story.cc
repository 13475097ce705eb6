#include "plimsoll/tests/exhaustive/story.h"

#include <cstdio>

namespace plimsoll::exhaustive {
namespace {

const Story* told = nullptr;

void print_story(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "CHECK failed: %s (%s:%d), after\n%s", condition, file, line,
               told == nullptr ? "" : told->text().c_str());
}

CheckHook hook = &print_story;

}  // namespace

void Story::set_check_hook(CheckHook replacement) { hook = replacement; }

Story::Story() {
  told = this;
  plimsoll::set_check_hook(hook);
}

Story::~Story() { told = nullptr; }

void Story::fail(const std::string& property) const { throw Failure(property, text()); }

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
