#include "plimsoll/bench/cache/trace.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string_view>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

constexpr std::string_view xz_magic(
    "\xFD"
    "7zXZ\0",
    6);

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) fail(path, std::strerror(errno));
  if (!bytes.starts_with(xz_magic)) return bytes;
  return run_program({"xz", "--decompress", "--stdout", "--", path});
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 4; i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

}  // namespace

Trace parse_trace(const std::string& bytes, TraceKind kind) {
  const std::size_t step = kind == TraceKind::sized ? 8 : 4;
  if (bytes.size() % step != 0) {
    fail("trace",
         std::to_string(bytes.size()) + " bytes are not a multiple of " + std::to_string(step));
  }
  Trace trace;
  trace.reserve(bytes.size() / step);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    trace.push_back({.id = number_at(bytes, at),
                     .bytes = kind == TraceKind::sized ? number_at(bytes, at + 4) : 1});
  }
  return trace;
}

Trace read_trace(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const bool sized = name.find(".u32x2") != std::string::npos;
  return parse_trace(read_file(path), sized ? TraceKind::sized : TraceKind::ids);
}

Trace make_trace(std::uint64_t seed, std::size_t requests) {
  std::mt19937_64 random(seed);
  Trace trace;
  std::uint32_t scanned = 1'000'000;
  for (std::size_t i = 0; trace.size() < requests; ++i) {
    const std::uint32_t base = static_cast<std::uint32_t>(i / 5000) * 100;
    const double drawn = static_cast<double>(random() % 1'000'000 + 1) / 1'000'000;
    trace.push_back({base + static_cast<std::uint32_t>(500 * std::pow(drawn, 3)), 1});
    if (i % 3000 == 2999) {
      for (std::uint32_t k = 0; k < 200; ++k) trace.push_back({scanned + k, 1});
      scanned += random() % 2 == 0 ? 0 : 200;
    }
  }
  trace.resize(requests);
  return trace;
}

}  // namespace plimsoll::bench
