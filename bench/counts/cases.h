#pragma once

#include <cstddef>
#include <span>

// What is done with many pieces: names, requests, keys. Each is a whole run in a process of its
// own, under a tool that counts.

namespace plimsoll::bench {

struct CountCase {
  const char* name;
  const char* what;
  void (*run)(std::size_t count);
};

std::span<const CountCase> count_cases();

}  // namespace plimsoll::bench
