#include "plimsoll/core/base/check.h"

#ifndef __EMSCRIPTEN__
#include <cstdio>
#endif

namespace plimsoll::inline v0 {
namespace {

void print_failure([[maybe_unused]] const char* condition, [[maybe_unused]] const char* file,
                   [[maybe_unused]] int line) {
#ifndef __EMSCRIPTEN__
  std::fprintf(stderr, "plimsoll: CHECK failed: %s (%s:%d)\n", condition, file, line);
#endif
}

CheckHook hook = &print_failure;

}  // namespace

void set_check_hook(CheckHook replacement) { hook = replacement; }

void check_failed(const char* condition, const char* file, int line) {
  hook(condition, file, line);
  __builtin_trap();
}

}  // namespace plimsoll::inline v0
