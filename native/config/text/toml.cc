// The parser of toml++, compiled once: headers alone would compile it into each file, and Debian's
// shared library must not be needed by a program for other systems. See :toml in BUILD.bazel.

#define TOML_IMPLEMENTATION

// Versions 3.3 and 3.4 have different names for this header.
#if __has_include(<toml++/impl/preprocessor.hpp>)
#include <toml++/impl/preprocessor.hpp>
#else
#include <toml++/impl/preprocessor.h>
#endif

// Invalid TOML must be an error in every build. toml++ asserts that a header such as "[.a]" does
// not occur, or lets the optimizer assume so, ahead of the branch that reports it.
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expression) static_assert(true)

#include <toml++/toml.h>
