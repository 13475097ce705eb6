#pragma once

// All headers that users include begin with this one. An older language would end in thousands of
// errors, with the one that says why among them. A file that is not there stops every compiler.

#if __cplusplus < 202002L
#error "Plimsoll is C++20: -std=c++20, in .bazelrc build --cxxopt=-std=c++20 (README.md)"
#include "plimsoll/core/base/needs_cxx20"
#endif
