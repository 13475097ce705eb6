#include "plimsoll/memory_options.h"

#include <array>
#include <cstdio>
#include <optional>
#include <string>

#include "plimsoll/core/base/units.h"

namespace plimsoll::inline v0::native {
namespace {

constexpr const char* amount_expected = R"(an amount such as "64 MiB", "512 KB" or 65536)";

Error bad_option(const std::string& text) {
  return Error(ErrorCode::invalid_option, Executed::no, text);
}

// A number as error texts show it: 0.25, 1.5, nan...
std::string shown(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", number);
  return text.data();
}

// Where one pool's options are: the name for error texts, the user's options, the core's.
struct PoolRow {
  const char* path;
  PoolOptions MemoryOptions::Pools::* given;
  plimsoll::PoolOptions BudgetOptions::* core;
};

constexpr std::array<PoolRow, shared_pools_count> pool_rows{{
    {"pools.cache", &MemoryOptions::Pools::cache, &BudgetOptions::cache},
    {"pools.requests", &MemoryOptions::Pools::requests, &BudgetOptions::requests},
    {"pools.replies", &MemoryOptions::Pools::replies, &BudgetOptions::replies},
    {"pools.pushes", &MemoryOptions::Pools::pushes, &BudgetOptions::pushes},
    {"pools.connections", &MemoryOptions::Pools::connections, &BudgetOptions::connections},
}};

// Checks the ratio even if a budget wins over it: a wrong one is a mistake all the same.
Result<void> read_pool(const PoolRow& row, const PoolOptions& given, plimsoll::PoolOptions& pool) {
  if (given.ratio) {
    if (!(*given.ratio >= 0 && *given.ratio <= 1)) {
      return bad_option(row.path + std::string(".ratio is ") + shown(*given.ratio) +
                        "; expected a part of the line, 0 to 1");
    }
    pool.ratio = *given.ratio;
  }
  if (given.budget.empty()) return {};
  const Result<std::size_t> bytes = detail::read_amount(row.path + std::string(".budget"),  //
                                                        given.budget);
  if (!bytes) return bytes.error();
  pool.bytes = *bytes;
  return {};
}

// "memory_limit 67108864, pools.requests.ratio 0.25, ...": all numbers that the core adds up.
std::string described(const BudgetOptions& options) {
  std::string text = "memory_limit " + std::to_string(options.memory_limit);
  for (const PoolRow& row : pool_rows) {
    const plimsoll::PoolOptions& pool = options.*row.core;
    if (pool.bytes) {
      text += ", " + std::string(row.path) + ".budget " + std::to_string(*pool.bytes);
    } else if (pool.ratio != plimsoll::PoolOptions::unset) {
      text += ", " + std::string(row.path) + ".ratio " + shown(pool.ratio);
    }
  }
  return text;
}

}  // namespace

namespace detail {

Result<std::size_t> read_amount(std::string_view path, std::string_view text) {
  const std::string place = std::string(path) + " is \"" + std::string(text) + "\": ";
  if (text.starts_with('-')) {
    return bad_option(place + "an amount of memory is not negative; expected " + amount_expected);
  }
  const auto bytes = parse_bytes(text);
  if (!bytes) return bad_option(place + std::string(Error(bytes.error()).text()));
  return std::size_t{*bytes};
}

Result<std::optional<std::size_t>> read_memory_limit(std::string_view text) {
  if (text == "auto") return std::optional<std::size_t>();
  // A number that is assigned to a std::string compiles without a warning, and is one character.
  if (text.size() == 1 && (text[0] < '0' || text[0] > '9')) {
    return bad_option(
        "memory_limit is a single character; expected a text such as \"64 MiB\", "
        "\"67108864\" or \"auto\", which a number is not");
  }
  const Result<std::size_t> bytes = read_amount("memory_limit", text);
  if (!bytes) return bad_option(std::string(bytes.error().text()) + ", or \"auto\"");
  return std::optional<std::size_t>(*bytes);
}

Result<void> validate(const ContainerOptions& options) {
  const std::chrono::milliseconds interval = options.check_interval;
  const bool is_possible = interval == std::chrono::milliseconds::zero() ||
                           (interval >= check_interval_min && interval <= check_interval_max);
  if (!is_possible) {
    return bad_option("container.check_interval is " + std::to_string(interval.count()) +
                      " ms; expected " + std::to_string(check_interval_min.count()) + " to " +
                      std::to_string(check_interval_max.count()) + " ms, or 0 to look once");
  }
  if (!(options.auto_ratio > 0 && options.auto_ratio <= 1)) {
    return bad_option("container.auto_ratio is " + shown(options.auto_ratio) +
                      "; expected a part of the container's limit, more than 0, up to 1");
  }
  return {};
}

Result<std::size_t> least_line(BudgetOptions options) {
  // Options that are possible with a line stay possible with a larger one, so a binary search finds
  // the smallest.
  std::size_t below = 0;
  std::size_t enough = auto_line_max;
  options.memory_limit = enough;
  if (const Result<void> valid = validate(options); !valid) return valid.error();
  while (enough - below > 1) {
    options.memory_limit = below + (enough - below) / 2;
    (Budget::validate(options) ? enough : below) = options.memory_limit;
  }
  return enough;
}

Result<void> validate(const BudgetOptions& options) {
  const plimsoll::Status valid = Budget::validate(options);
  if (valid) return {};
  return bad_option(std::string(Error(valid.error()).text()) + " with " + described(options));
}

Result<BudgetOptions> to_budget_options(const MemoryOptions& options, std::size_t memory_limit) {
  BudgetOptions core;
  core.memory_limit = memory_limit;
  core.borrowing = options.borrowing;
  if (!options.memory_limit.empty()) {
    const Result<std::optional<std::size_t>> bytes = read_memory_limit(options.memory_limit);
    if (!bytes) return bytes.error();
    core.memory_limit = bytes->value_or(memory_limit);
  }
  for (const PoolRow& row : pool_rows) {
    const Result<void> read = read_pool(row, options.pools.*row.given, core.*row.core);
    if (!read) return read.error();
  }
  if (const Result<void> valid = validate(core); !valid) return valid.error();
  if (const Result<void> valid = validate(options.container); !valid) return valid.error();
  return core;
}

}  // namespace detail

}  // namespace plimsoll::inline v0::native
