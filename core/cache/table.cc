#include "plimsoll/core/cache/table.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::cache {
namespace {

// The table grows to two buckets for each link, because every further link that a lookup walks over
// costs another access to memory.
constexpr std::size_t buckets_per_link = 2;

// Each link that is added grows the table by at most four buckets, so that a table that was refused
// memory catches up in steps. Each link that is removed shrinks it by at most four. The table
// shrinks only beyond buckets_per_link_max, twice the size that it grows to, so that it does not
// grow and shrink by turns.
constexpr std::size_t steps_per_link = 4;
constexpr std::size_t buckets_per_link_max = 4;

}  // namespace

Table::~Table() {
  PLIMSOLL_CHECK(links_ == 0);
  trim();
}

// Returns how many buckets there should be after `links` more links: buckets_per_link for each, but
// no more than one reserve() may add.
std::size_t Table::target(std::size_t links) const {
  // In 64 bits, since the product overflows a size_t on wasm32.
  constexpr std::uint64_t buckets_max = std::uint64_t{chunk_buckets} << lists_count;
  const auto wanted = static_cast<std::size_t>(std::clamp<std::uint64_t>(
      std::uint64_t{links_ + links} * buckets_per_link, first_buckets, buckets_max));
  const std::size_t near = std::max(buckets_, first_buckets) + steps_per_link * links;
  return std::max(std::min(wanted, near), buckets_);
}

bool Table::begins_piece(std::size_t index) const {
  if (index >= chunk_buckets) return index % chunk_buckets == 0;
  return index == 0 || (index >= first_buckets && std::has_single_bit(index));
}

// Returns the memory of the piece that begins with bucket `index`, including a list of chunks if
// the chunk is the first of the list.
std::size_t Table::piece_bytes(std::size_t index) const {
  if (index < chunk_buckets) {
    return memory_.footprint(std::max(index, first_buckets) * sizeof(Bucket));
  }
  const std::size_t chunk = index / chunk_buckets;
  const std::size_t bytes = memory_.footprint(chunk_buckets * sizeof(Bucket));
  return std::has_single_bit(chunk) ? bytes + memory_.footprint(chunk * sizeof(Bucket*)) : bytes;
}

std::size_t Table::bytes_to_reserve(std::size_t links) const {
  std::size_t bytes = 0;
  for (std::size_t index = buckets_; index < target(links); ++index) {
    if (begins_piece(index)) bytes += piece_bytes(index);
  }
  return bytes;
}

std::size_t Table::bytes_when_empty(std::size_t links) const {
  const std::size_t wanted = std::max(links * buckets_per_link, first_buckets);
  std::size_t bytes = 0;
  for (std::size_t index = 0; index < wanted; ++index) {
    if (begins_piece(index)) bytes += piece_bytes(index);
  }
  return bytes;
}

bool Table::reserve(std::size_t links) {
  const std::size_t wanted = target(links);
  if (buckets_ == 0) {
    if (!allocate_piece(0)) return false;
    set_buckets(first_buckets);
  }
  while (buckets_ < wanted && split()) {
  }
  return true;
}

void Table::add(IndexLink& link) {
  PLIMSOLL_CHECK(buckets_ > 0);
  Bucket* const to = bucket(bucket_of(link.hash));
  link.next_in_bucket = *to;
  *to = &link;
  ++links_;
}

void Table::remove(IndexLink& link) {
  Bucket* at = bucket(bucket_of(link.hash));
  while (*at != &link) {
    PLIMSOLL_CHECK(*at != nullptr);
    at = &(*at)->next_in_bucket;
  }
  *at = link.next_in_bucket;
  link.next_in_bucket = nullptr;
  --links_;
  for (std::size_t i = 0; i < steps_per_link; ++i) {
    if (buckets_ > std::max(first_buckets, links_ * buckets_per_link_max)) merge();
  }
  if (links_ == 0) trim();
}

void Table::trim() {
  while (buckets_ > std::max(first_buckets, links_ * buckets_per_link_max)) merge();
  if (links_ > 0 || buckets_ == 0) return;
  release_piece(0);
  set_buckets(0);
}

// Adds a bucket at the end. It takes those links of its sibling whose hash has the next higher bit
// set, because from now on this bit decides between the two.
bool Table::split() {
  const std::size_t added = buckets_;
  if (begins_piece(added) && !allocate_piece(added)) return false;
  set_buckets(added + 1);
  Bucket* from = bucket(added - std::bit_floor(added));
  Bucket* to = bucket(added);
  *to = nullptr;
  while (*from != nullptr) {
    IndexLink* const link = *from;
    if (bucket_of(link->hash) != added) {
      from = &link->next_in_bucket;
      continue;
    }
    *from = link->next_in_bucket;
    link->next_in_bucket = nullptr;
    *to = link;
    to = &link->next_in_bucket;
  }
  return true;
}

void Table::merge() {
  const std::size_t removed = buckets_ - 1;
  Bucket* const from = bucket(removed);
  Bucket* to = bucket(removed - std::bit_floor(removed));
  while (*to != nullptr) to = &(*to)->next_in_bucket;
  *to = *from;
  *from = nullptr;
  set_buckets(removed);
  if (begins_piece(removed)) release_piece(removed);
}

void Table::set_buckets(std::size_t count) {
  buckets_ = count;
  mask_ = count == 0 ? 0 : std::bit_ceil(count) - 1;
}

bool Table::allocate_piece(std::size_t index) {
  if (index < chunk_buckets) {
    const auto piece = static_cast<std::size_t>(std::bit_width(index / first_buckets));
    small_[piece] = allocate_buckets(small_size(piece));
    return small_[piece] != nullptr;
  }
  const std::size_t chunk = index / chunk_buckets;
  const auto list = static_cast<std::size_t>(std::bit_width(chunk)) - 1;
  const std::size_t begin = std::size_t{1} << list;
  if (chunk == begin) {
    lists_[list] = static_cast<Bucket**>(memory_.allocate(begin * sizeof(Bucket*)));
    if (lists_[list] == nullptr) return false;
  }
  Bucket* const buckets = allocate_buckets(chunk_buckets);
  if (buckets != nullptr) {
    lists_[list][chunk - begin] = buckets;
    return true;
  }
  if (chunk == begin) {
    memory_.discard(lists_[list], begin * sizeof(Bucket*));
    lists_[list] = nullptr;
  }
  return false;
}

void Table::release_piece(std::size_t index) {
  if (index < chunk_buckets) {
    const auto piece = static_cast<std::size_t>(std::bit_width(index / first_buckets));
    release_buckets(small_[piece], small_size(piece));
    small_[piece] = nullptr;
    return;
  }
  const std::size_t chunk = index / chunk_buckets;
  const auto list = static_cast<std::size_t>(std::bit_width(chunk)) - 1;
  const std::size_t begin = std::size_t{1} << list;
  release_buckets(lists_[list][chunk - begin], chunk_buckets);
  if (chunk > begin) return;
  memory_.release(lists_[list], begin * sizeof(Bucket*));
  lists_[list] = nullptr;
}

Table::Bucket* Table::allocate_buckets(std::size_t count) {
  auto* const buckets = static_cast<Bucket*>(memory_.allocate(count * sizeof(Bucket)));
  if (buckets != nullptr) std::fill_n(buckets, count, nullptr);
  return buckets;
}

void Table::release_buckets(Bucket* buckets, std::size_t count) {
  memory_.release(buckets, count * sizeof(Bucket));
}

std::size_t Table::validate() const {
  std::size_t bytes = 0;
  std::size_t links = 0;
  for (std::size_t index = 0; index < buckets_; ++index) {
    if (begins_piece(index)) bytes += piece_bytes(index);
    for (const IndexLink* link = *bucket(index); link != nullptr; link = link->next_in_bucket) {
      PLIMSOLL_CHECK(bucket_of(link->hash) == index);
      ++links;
    }
  }
  PLIMSOLL_CHECK(links == links_ && (links_ > 0 || buckets_ == 0));
  PLIMSOLL_CHECK(buckets_ <= std::max(first_buckets, links_ * buckets_per_link_max));
  return bytes;
}

}  // namespace plimsoll::inline v0::cache
