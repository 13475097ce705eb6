#include "plimsoll/demo/figures.h"

#include <array>
#include <cstdio>
#include <string_view>

namespace plimsoll::demo {
namespace {

// Small numbers with one decimal, others without any.
std::string short_number(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), number < 9.95 ? "%.1f" : "%.0f", number);
  return text.data();
}

}  // namespace

std::string with_commas(std::uint64_t number) {
  auto text = std::to_string(number);
  for (std::size_t left = text.size(); left > 3;) text.insert(left -= 3, 1, ',');
  return text;
}

std::string as_memory(std::uint64_t bytes_count) {
  constexpr std::array<std::string_view, 5> units = {" B", " KiB", " MiB", " GiB", " TiB"};
  if (bytes_count < 1024) return std::to_string(bytes_count) + " B";
  auto number = static_cast<double>(bytes_count);
  std::size_t unit = 0;
  // From 999.5 on the text would have four digits.
  for (; number >= 999.5 && unit + 1 < units.size(); ++unit) number /= 1024;
  return short_number(number) + std::string(units[unit]);
}

std::string as_time(std::chrono::nanoseconds time) {
  const std::chrono::duration<double, std::micro> microseconds = time;
  if (microseconds.count() < 999.5) return short_number(microseconds.count()) + " us";
  if (microseconds.count() < 999'500) return short_number(microseconds.count() / 1e3) + " ms";
  return short_number(microseconds.count() / 1e6) + " s";
}

std::string counted(std::uint64_t number, const std::string& one, const std::string& many) {
  return with_commas(number) + " " + (number == 1 ? one : many);
}

std::string as_rate(std::uint64_t number, std::chrono::nanoseconds time) {
  if (time.count() <= 0) return "0";
  const std::chrono::duration<double> seconds = time;
  return with_commas(static_cast<std::uint64_t>(static_cast<double>(number) / seconds.count()));
}

}  // namespace plimsoll::demo
