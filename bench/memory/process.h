#pragma once

// What the system says of this process.

#include <cstddef>

namespace plimsoll::bench {

/// Resident memory, in bytes.
std::size_t rss_bytes();

/// Its parts: what is backed by no file (heap, stacks, mapped segments), and code and data of
/// files.
std::size_t anonymous_rss_bytes();
std::size_t file_rss_bytes();

/// The most that it has been since the last forget_peak_rss().
std::size_t peak_rss_bytes();
void forget_peak_rss();

std::size_t threads_count();

/// As many file descriptors as the system allows. Returns how many these are.
std::size_t raise_descriptor_limit();

}  // namespace plimsoll::bench
