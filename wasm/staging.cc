#include "plimsoll/wasm/staging.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace plimsoll::wasm {
namespace {

// Rather one buffer of 1 KiB than a few that grow to it.
constexpr std::size_t buffer_bytes_min = 1024;

using WordSize = std::uint32_t;

WordSize size_at(const char* table, std::size_t index) {
  WordSize size = 0;
  std::memcpy(&size, table + index * sizeof size, sizeof size);
  return size;
}

Error beyond_the_staged(std::uint64_t size, std::size_t staged) {
  return Error{.code = ErrorCode::invalid_argument,
               .what = "the words of the request are more than what is staged",
               .expected = "a table of 32-bit sizes, then the bytes of all",
               .value = size,
               .limit = staged};
}

}  // namespace

bool Staging::reserve(Block& block, std::size_t size) {
  if (size <= block.size()) return true;
  if (!requests_) return false;  // there was no memory even for the account
  // The old one first: both at a time may be more than there is.
  block.reset();
  block = Block::allocate(*requests_, std::max(size, buffer_bytes_min));
  return static_cast<bool>(block);
}

char* Staging::stage(std::size_t size) {
  clear();
  if (!reserve(bytes_, std::max<std::size_t>(size, 1))) return nullptr;
  size_ = size;
  return static_cast<char*>(bytes_.data());
}

Result<std::span<const std::string_view>> Staging::words(std::uint32_t count) {
  // In 64 bits: on wasm32 a size_t could be made to wrap around.
  const std::uint64_t table_bytes = std::uint64_t{count} * sizeof(WordSize);
  if (table_bytes > size_) return beyond_the_staged(table_bytes, size_);
  if (count == 0) return std::span<const std::string_view>();
  if (!reserve(views_, count * sizeof(std::string_view))) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "the requests pool has no room for a request of so many words",
                 .value = count};
  }
  const char* const table = static_cast<const char*>(bytes_.data());
  auto* const views = static_cast<std::string_view*>(views_.data());
  std::uint64_t end = table_bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t begin = end;
    end += size_at(table, i);
    if (end > size_) return beyond_the_staged(end, size_);
    new (&views[i]) std::string_view(table + begin, static_cast<std::size_t>(end - begin));
  }
  return std::span<const std::string_view>(views, count);
}

void Staging::clear() {
  size_ = 0;
  if (bytes_.size() > staging_kept_bytes) bytes_.reset();
  if (views_.size() > staging_kept_bytes) views_.reset();
}

}  // namespace plimsoll::wasm
