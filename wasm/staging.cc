#include "plimsoll/wasm/staging.h"

#include <cstring>
#include <new>

#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/wasm/abi_types.h"
#include "plimsoll/wasm/misuse.h"

namespace plimsoll::wasm {
namespace {

using WordSize = std::uint32_t;

WordSize size_at(const char* table, std::size_t index) {
  WordSize size = 0;
  std::memcpy(&size, table + index * sizeof size, sizeof size);
  return size;
}

Error beyond_the_staged(std::uint64_t size, std::size_t staged) {
  return Error{.code = ErrorCode::invalid_argument,
               .what = "the words are more than what is staged",
               .expected = "a table of 32-bit sizes, then the bytes of all",
               .value = size,
               .limit = staged};
}

}  // namespace

Error longer_than_any_line(std::uint64_t bytes) {
  return {.code = ErrorCode::rejected_by_limit,
          .what = "the request is longer than the memory line can ever be",
          .value = bytes,
          .limit = plimsoll_memory_limit_max};
}

std::span<const char> Staging::staged() const {
  if (!bytes_) return place_;
  return {static_cast<const char*>(bytes_.data()), bytes_.size()};
}

char* Staging::stage(std::size_t size) {
  clear();
  if (size <= place_.size()) return place_.data();
  if (!requests_) return nullptr;  // there was no memory for the account itself
  bytes_ = Block::allocate(*requests_, size);
  return static_cast<char*>(bytes_.data());
}

std::string_view* Staging::views_for(std::uint32_t count) {
  if (count <= staged_views_kept) return reinterpret_cast<std::string_view*>(views_);
  if (!requests_) return nullptr;
  more_views_.reset();
  more_views_ = Block::allocate(*requests_, count * sizeof(std::string_view));
  return static_cast<std::string_view*>(more_views_.data());
}

Result<std::string_view> Staging::word(std::uint32_t size) const {
  const std::span<const char> bytes = staged();
  if (size > bytes.size()) return beyond_the_staged(size, bytes.size());
  return std::string_view(bytes.data(), size);
}

Result<std::span<const std::string_view>> Staging::words(std::uint32_t count, Deferred deferred) {
  return words_behind(0, count, deferred);
}

Result<Staging::Parts> Staging::words_in_parts(std::uint32_t parts_count, std::uint32_t count,
                                               Deferred deferred) {
  const auto words = words_behind(std::uint64_t{parts_count} * sizeof(WordSize), count, deferred);
  if (!words) return words.error();
  return Parts{.parts = {reinterpret_cast<const WordSize*>(staged().data()), parts_count},
               .words = *words};
}

// The bound keeps the sizes of requests, which are computed in a size_t, from wrapping around.
Status Staging::note_deferred(std::uint64_t bytes) {
  if (bytes > plimsoll_memory_limit_max) return longer_than_any_line(bytes);
  deferred_bytes_ = static_cast<std::size_t>(bytes);
  return {};
}

Result<std::span<const std::string_view>> Staging::words_behind(std::uint64_t skipped,
                                                                std::uint32_t count,
                                                                Deferred deferred) {
  const std::span<const char> bytes = staged();
  deferred_bytes_ = 0;
  // Computed in 64 bits, since a host could make a size_t wrap around on wasm32.
  const std::uint64_t table_end = skipped + std::uint64_t{count} * sizeof(WordSize);
  if (table_end > bytes.size()) return beyond_the_staged(table_end, bytes.size());
  std::string_view* const views = views_for(count);
  if (views == nullptr) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "the requests pool has no room for a request of so many words",
                 .value = count};
  }
  const char* const table = bytes.data() + skipped;
  std::uint64_t end = table_end;
  std::uint64_t deferred_sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const WordSize size = size_at(table, i);
    if ((size & plimsoll_word_deferred) != 0) {
      if (deferred == Deferred::refused || i < 2) return misuse("this word is not deferred", i);
      const WordSize later = size & ~WordSize{plimsoll_word_deferred};
      deferred_sum += later;
      new (&views[i]) std::string_view(deferred_word(later));
      continue;
    }
    const std::uint64_t begin = end;
    end += size;
    if (end > bytes.size()) return beyond_the_staged(end, bytes.size());
    new (&views[i]) std::string_view(bytes.data() + begin, static_cast<std::size_t>(end - begin));
  }
  if (deferred_sum > 0) {
    if (const Status fits = note_deferred(deferred_sum); !fits) return fits.error();
  }
  return std::span<const std::string_view>(views, count);
}

void Staging::clear() {
  bytes_.reset();
  more_views_.reset();
}

}  // namespace plimsoll::wasm
