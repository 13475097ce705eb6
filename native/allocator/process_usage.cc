#include "plimsoll/native/allocator/process_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <ctime>
#include <string_view>

namespace plimsoll::inline v0::native {
namespace {

std::optional<std::size_t> take_number(std::string_view& text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return number;
}

// proc_pid_statm(5): "size resident shared ..." in pages, where "shared" counts pages of files.
std::optional<std::size_t> anonymous_bytes() {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::array<char, 256> line;
  const ssize_t bytes = ::read(file, line.data(), line.size());
  ::close(file);
  if (bytes <= 0) return std::nullopt;
  std::string_view text(line.data(), static_cast<std::size_t>(bytes));
  const auto size = take_number(text);
  const auto resident = take_number(text);
  const auto shared = take_number(text);
  if (!size || !resident || !shared || *shared > *resident) return std::nullopt;
  return (*resident - *shared) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::optional<ProcessUsage> process_usage() {
  const auto anonymous = anonymous_bytes();
  timespec spent{};
  if (!anonymous || ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) != 0) return std::nullopt;
  return ProcessUsage{.cpu = std::chrono::seconds(spent.tv_sec) +  //
                             std::chrono::nanoseconds(spent.tv_nsec),
                      .anonymous_bytes = *anonymous};
}

}  // namespace plimsoll::inline v0::native
