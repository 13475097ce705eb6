#include <array>

#include "plimsoll/native/config/field_text.h"
#include "plimsoll/native/config/option_row.h"

namespace plimsoll::native::config {
namespace {

using Pools = MemoryOptions::Pools;

template <Kind kind, auto... Path>
constexpr Access in_memory() {
  return at<kind, &Configuration::memory, Path...>();
}

template <auto Pool>
constexpr OptionRow ratio(std::string_view key, std::string_view when_unset) {
  return {.key = key,
          .access = in_memory<Kind::ratio, &MemoryOptions::pools, Pool, &PoolOptions::ratio>(),
          .taken = Taken::at_once,
          .description =
              "What the pool is guaranteed, of the line without the progress reserve and "
              "what connections have by default.",
          .when_unset = when_unset};
}

template <auto Pool>
constexpr OptionRow budget(std::string_view key, std::string_view when_unset) {
  return {.key = key,
          .access = in_memory<Kind::amount, &MemoryOptions::pools, Pool, &PoolOptions::budget>(),
          .taken = Taken::at_once,
          .description = "The same in bytes; wins over the ratio.",
          .when_unset = when_unset};
}

constexpr std::string_view by_ratio = "as the ratio says";
constexpr std::string_view the_rest = "what the others leave";
constexpr std::string_view a_64th = "a 64th of the line, and 64 KiB at least";

constexpr OptionRow rows[] = {
    {.key = "memory_limit",
     .access = in_memory<Kind::limit, &MemoryOptions::memory_limit>(),
     .taken = Taken::at_once,
     .description = "The memory line of the process, for all of its clients; \"auto\" takes a part "
                    "of what the container allows (container.auto_ratio).",
     .when_unset = "what the process has already, or 64 MiB"},
    {.key = "borrowing",
     .access = in_memory<Kind::flag, &MemoryOptions::borrowing>(),
     .taken = Taken::at_once,
     .description =
         "Whether a pool that needs more than it is guaranteed may use what others leave "
         "idle."},
    ratio<&Pools::cache>("pools.cache.ratio", the_rest),
    budget<&Pools::cache>("pools.cache.budget", the_rest),
    ratio<&Pools::requests>("pools.requests.ratio", "0.25"),
    budget<&Pools::requests>("pools.requests.budget", by_ratio),
    ratio<&Pools::replies>("pools.replies.ratio", "0.25"),
    budget<&Pools::replies>("pools.replies.budget", by_ratio),
    ratio<&Pools::pushes>("pools.pushes.ratio", "0.1"),
    budget<&Pools::pushes>("pools.pushes.budget", by_ratio),
    ratio<&Pools::connections>("pools.connections.ratio", a_64th),
    budget<&Pools::connections>("pools.connections.budget", a_64th),
    {.key = "give_back.enabled",
     .access = in_memory<Kind::flag, &MemoryOptions::give_back, &GiveBackOptions::enabled>(),
     .taken = Taken::at_once,
     .description = "Whether the allocator of the process is asked to give free memory back to the "
                    "system when a burst is over."},
    {.key = "give_back.quiet_period",
     .access = in_memory<Kind::time, &MemoryOptions::give_back, &GiveBackOptions::quiet_period>(),
     .taken = Taken::at_once,
     .description = "How long nothing much may have happened before a burst counts as over."},
    {.key = "give_back.excess_min",
     .access = in_memory<Kind::amount, &MemoryOptions::give_back, &GiveBackOptions::excess_min>(),
     .taken = Taken::at_once,
     .description = "What the allocator has to have in excess: less is not worth asking.",
     .when_unset = "4 MiB"},
    {.key = "container.check_interval",
     .access =
         in_memory<Kind::time, &MemoryOptions::container, &ContainerOptions::check_interval>(),
     .taken = Taken::at_once,
     .description = "How often the container's limits are read again; zero: they are read once."},
    {.key = "container.auto_ratio",
     .access = in_memory<Kind::ratio, &MemoryOptions::container, &ContainerOptions::auto_ratio>(),
     .taken = Taken::at_once,
     .description = "What memory_limit = \"auto\" takes of the tightest limit around the process."},
};

}  // namespace

std::span<const OptionRow> memory_rows() { return rows; }

}  // namespace plimsoll::native::config
