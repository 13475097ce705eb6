#include "plimsoll/core/cluster/walk_cursor.h"

#include <algorithm>
#include <array>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

constexpr std::string_view walk_prefix = "walk1-";

constexpr std::size_t bitmap_bytes = slots_count / 8;
constexpr std::size_t set_bytes_max = 1 + bitmap_bytes;
constexpr std::size_t varint_bytes_max = 10;
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t walk_bytes_max = 2 + set_bytes_max + 5 * sizeof(std::uint64_t) +
                                       varint_bytes_max + set_bytes_max + checksum_bytes;
static_assert(walk_prefix.size() + (walk_bytes_max * 4 + 2) / 3 <= walk_cursor_bytes_max);

constexpr std::uint8_t has_pass_flag = 1;
constexpr std::uint8_t has_ended_flag = 2;
constexpr std::uint8_t is_careful_flag = 4;

constexpr std::uint8_t as_ranges = 0;
constexpr std::uint8_t as_bitmap = 1;

constexpr Error no_walk_cursor{
    .code = ErrorCode::invalid_argument,
    .what = "the cursor of a walk over the keys of a cluster is garbled, or of another server",
    .expected = "\"0\", or the cursor that came with the page before"};

// FNV-1a with 32 bits.
std::uint32_t checksum_of(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0x811c9dc5;
  for (const std::uint8_t byte : bytes) sum = (sum ^ byte) * 0x01000193;
  return sum;
}

class WalkWriter {
 public:
  void put(std::uint8_t byte) {
    PLIMSOLL_CHECK(size_ < bytes_.size());
    bytes_[size_++] = byte;
  }
  void put_fixed(std::uint64_t number, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) put(static_cast<std::uint8_t>(number >> 8 * i));
  }
  void put_varint(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) put(static_cast<std::uint8_t>(number | 0x80));
    put(static_cast<std::uint8_t>(number));
  }

  void put_set(const SlotSet& set) {
    const std::size_t begin = size_;
    if (put_ranges(set, begin + set_bytes_max)) return;
    size_ = begin;
    put(as_bitmap);
    for (std::uint32_t first = 0; first < slots_count; first += 8) {
      unsigned byte = 0;
      for (std::uint32_t i = 0; i < 8; ++i) {
        byte |= static_cast<unsigned>(set.has(static_cast<Slot>(first + i))) << i;
      }
      put(static_cast<std::uint8_t>(byte));
    }
  }

  std::span<const std::uint8_t> bytes() const { return std::span(bytes_).first(size_); }

 private:
  // The gap before each range, and its size less one. Returns false if they are longer than that.
  bool put_ranges(const SlotSet& set, std::size_t size_max) {
    constexpr std::size_t range_bytes_max = 6;
    std::uint32_t count = 0;
    set.for_each_range([&count](Slot, Slot) { ++count; });
    put(as_ranges);
    put_varint(count);
    std::uint32_t end = 0;
    bool fits = true;
    set.for_each_range([&](Slot first, Slot last) {
      fits = fits && size_ + range_bytes_max <= size_max;
      if (!fits) return;
      put_varint(first - end);
      put_varint(static_cast<std::uint32_t>(last - first));
      end = last + 1u;
    });
    return fits;
  }

  std::size_t size_ = 0;
  std::array<std::uint8_t, walk_bytes_max> bytes_;
};

// Reads zeros behind the end, or where something is wrong: ask is_well().
class WalkReader {
 public:
  explicit WalkReader(std::span<const std::uint8_t> bytes) : left_(bytes) {}

  std::uint8_t take() {
    if (left_.empty()) return fail();
    const std::uint8_t byte = left_.front();
    left_ = left_.subspan(1);
    return byte;
  }
  std::uint64_t take_fixed(std::size_t bytes) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes; ++i) number |= std::uint64_t{take()} << 8 * i;
    return number;
  }
  std::uint64_t take_varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = take();
      const std::uint64_t bits = byte & 0x7f;
      if (bits << shift >> shift != bits) return fail();
      number |= bits << shift;
      if (byte < 0x80) return number;
    }
    return fail();
  }

  /// `set` must be empty.
  void take_set(SlotSet& set) {
    const std::uint8_t kind = take();
    if (kind == as_ranges) return take_ranges(set);
    if (kind != as_bitmap) fail();
    for (std::uint32_t first = 0; first < slots_count && is_well_; first += 8) {
      const unsigned byte = take();
      for (std::uint32_t i = 0; i < 8; ++i) {
        if ((byte >> i & 1) != 0) set.add(static_cast<Slot>(first + i));
      }
    }
  }

  bool is_well() const { return is_well_; }
  bool is_at_end() const { return left_.empty(); }

 private:
  std::uint8_t fail() {
    is_well_ = false;
    left_ = {};
    return 0;
  }

  void take_ranges(SlotSet& set) {
    std::uint64_t end = 0;
    for (std::uint64_t count = take_varint(); count > 0 && is_well_; --count) {
      const std::uint64_t gap = take_varint();
      const std::uint64_t size = take_varint();
      if (gap >= slots_count || size >= slots_count || end + gap + size >= slots_count) {
        fail();
        return;
      }
      const std::uint64_t first = end + gap;
      set.add_range(static_cast<Slot>(first), static_cast<Slot>(first + size));
      end = first + size + 1;
    }
  }

  std::span<const std::uint8_t> left_;
  bool is_well_ = true;
};

constexpr std::string_view walk_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char* write_letters(std::span<const std::uint8_t> bytes, char* out) {
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) *out++ = walk_letters[bits >> (count - 6) & 63];
  }
  if (count > 0) *out++ = walk_letters[bits << (6 - count) & 63];
  return out;
}

constexpr auto walk_letter_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(64);
  for (std::size_t i = 0; i < walk_letters.size(); ++i) {
    values[static_cast<unsigned char>(walk_letters[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

// Returns how many bytes these are; nothing if they are not, or too many.
std::optional<std::size_t> read_letters(std::string_view text, std::span<std::uint8_t> out) {
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t size = 0;
  for (const char letter : text) {
    const std::uint8_t value = walk_letter_values[static_cast<unsigned char>(letter)];
    if (value > 63) return std::nullopt;
    bits = bits << 6 | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    if (size == out.size()) return std::nullopt;
    out[size++] = static_cast<std::uint8_t>(bits >> count);
  }
  // What is left of the last letter is zero, so that each cursor has one text.
  const bool has_rest = count >= 6 || (bits & ((1u << count) - 1)) != 0;
  return has_rest ? std::nullopt : std::optional(size);
}

void take_pass(WalkReader& reader, std::uint8_t flags, WalkPass& pass) {
  for (std::uint64_t* const each :
       {&pass.node, &pass.identity, &pass.came, &pass.left, &pass.settled}) {
    *each = reader.take_fixed(sizeof *each);
  }
  pass.cursor = reader.take_varint();
  const bool has_ended = (flags & has_ended_flag) != 0;
  pass.stage = has_ended ? WalkPass::Stage::ended : WalkPass::Stage::scanning;
  reader.take_set(pass.slots);
}

// Whether these are a state of a walk that goes on.
bool makes_sense(const WalkState& state) {
  if (state.done.all()) return false;
  if (!state.pass) return true;
  SlotSet both = state.pass->slots;
  both.keep(state.done);
  const bool has_ended = state.pass->stage == WalkPass::Stage::ended;
  return !state.pass->slots.empty() && both.empty() && has_ended == (state.pass->cursor == 0);
}

}  // namespace

Status read_walk_cursor(std::string_view text, WalkState& state) {
  state = {};
  if (text == "0") return {};
  if (!text.starts_with(walk_prefix)) return no_walk_cursor;
  std::array<std::uint8_t, walk_bytes_max> room;
  const auto size = read_letters(text.substr(walk_prefix.size()), room);
  if (!size || *size < checksum_bytes) return no_walk_cursor;
  const auto bytes = std::span<const std::uint8_t>(room).first(*size - checksum_bytes);
  WalkReader tail(std::span<const std::uint8_t>(room).first(*size).last(checksum_bytes));
  if (tail.take_fixed(checksum_bytes) != checksum_of(bytes)) return no_walk_cursor;

  WalkReader reader(bytes);
  const std::uint8_t flags = reader.take();
  state.is_careful = (flags & is_careful_flag) != 0;
  state.vain = reader.take();
  reader.take_set(state.done);
  if ((flags & has_pass_flag) != 0) take_pass(reader, flags, state.pass.emplace());
  if (!reader.is_well() || !reader.is_at_end() || !makes_sense(state)) return no_walk_cursor;
  return {};
}

std::string_view write_walk_cursor(const WalkState& state,
                                   std::span<char, walk_cursor_bytes_max> out) {
  WalkWriter writer;
  const bool has_ended = state.pass && state.pass->stage == WalkPass::Stage::ended;
  writer.put(static_cast<std::uint8_t>((state.pass ? has_pass_flag : 0) |
                                       (has_ended ? has_ended_flag : 0) |
                                       (state.is_careful ? is_careful_flag : 0)));
  writer.put(state.vain);
  writer.put_set(state.done);
  if (state.pass) {
    const WalkPass& pass = *state.pass;
    for (const std::uint64_t each :
         {pass.node, pass.identity, pass.came, pass.left, pass.settled}) {
      writer.put_fixed(each, sizeof each);
    }
    writer.put_varint(pass.cursor);
    writer.put_set(pass.slots);
  }
  writer.put_fixed(checksum_of(writer.bytes()), checksum_bytes);
  char* const begin = std::copy(walk_prefix.begin(), walk_prefix.end(), out.data());
  const char* const end = write_letters(writer.bytes(), begin);
  return {out.data(), static_cast<std::size_t>(end - out.data())};
}

}  // namespace plimsoll::inline v0
