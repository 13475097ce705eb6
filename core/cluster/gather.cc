#include "plimsoll/core/cluster/gather.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/resp/wire_value.h"

namespace plimsoll::inline v0 {
namespace {

using commands::Spread;

constexpr Error is_no_array{.code = ErrorCode::wrong_type,
                            .executed = Executed::yes,
                            .what =
                                "a part of the request was answered with something that cannot"
                                " be joined with the other answers",
                            .expected = "an array"};

constexpr Error is_no_number{.code = ErrorCode::wrong_type,
                             .executed = Executed::yes,
                             .what =
                                 "a part of the request was answered with something that cannot"
                                 " be joined with the other answers",
                             .expected = "an integer"};

constexpr Error has_other_length{.code = ErrorCode::wrong_type,
                                 .executed = Executed::yes,
                                 .what =
                                     "the answers to the parts of the request have different"
                                     " lengths, and cannot be joined",
                                 .expected = "a value for each key or argument"};

constexpr Error is_too_high{.code = ErrorCode::wrong_type,
                            .executed = Executed::yes,
                            .what = "the answers to the parts of the request are too large to add",
                            .expected = "a sum that fits 64 bits"};

constexpr Error is_too_large{.code = ErrorCode::reply_too_large,
                             .executed = Executed::yes,
                             .what =
                                 "the answers to the parts of the request have more bytes"
                                 " together than reply_bytes_max allows"};

constexpr Error no_room{.code = ErrorCode::reply_too_large,
                        .executed = Executed::yes,
                        .what =
                            "the replies pool has no room to join the answers to the parts of"
                            " the request"};

std::size_t header_size(std::size_t count) { return 1 + encoding::digits_of(count) + 2; }

std::size_t integer_size(std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  return 1 + (number < 0 ? 1 : 0) + encoding::digits_of(number < 0 ? 0 - bits : bits) + 2;
}

char* write_integer(char* out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  if (number >= 0) return encoding::write_header(out, ':', bits);
  *out++ = ':';
  return encoding::write_header(out, '-', 0 - bits);
}

}  // namespace

// The chunks go one by one: each would otherwise end the next from within.
Gather::~Gather() {
  while (chunks_) {
    Box<Chunk> next = std::move(chunks_->next);
    chunks_ = std::move(next);
  }
}

Status Gather::add(const Value& answer, std::span<SplitKey> keys) {
  ++count_;
  switch (spread_) {
    case Spread::slots_values: return add_values(answer, keys);
    case Spread::nodes_values: return add_elements(answer);
    case Spread::slots_sum:
    case Spread::nodes_sum:
    case Spread::nodes_min:
    case Spread::nodes_max:
    case Spread::nodes_and:
    case Spread::nodes_or: return add_numbers(answer);
    case Spread::nodes_any: return answer.is_null() || !draw() ? Status() : keep(answer);
    case Spread::slots_all:
    case Spread::nodes_all:
    case Spread::nodes_one:
    case Spread::nodes_map:
    case Spread::one_node:
    case Spread::walk:
    case Spread::special: break;
  }
  return answer_ ? Status() : keep(answer);
}

// Of several answers each is taken with the same probability, the first one in any case.
bool Gather::draw() { return (random_.next() >> 1) % ++elements_ == 0; }

Status Gather::keep(const Value& value) {
  char* const at = make_answer(wire_size(value));
  if (at == nullptr) return answer_bytes_ > bytes_max_ ? is_too_large : no_room;
  write_wire(value, at);
  return {};
}

char* Gather::make_answer(std::size_t size) {
  answer_bytes_ = size;
  if (size > bytes_max_) return nullptr;
  answer_ = Block::allocate(payer_, size);
  return static_cast<char*>(answer_.data());
}

// Returns null if there is no room; kept_bytes_ says whether the bound is the reason.
char* Gather::room(std::size_t size) {
  kept_bytes_ += size;
  if (kept_bytes_ > bytes_max_) return nullptr;
  if (!chunks_ || chunks_->capacity - chunks_->size < size) {
    const std::size_t usual = chunks_ ? chunk_bytes : first_chunk_bytes;
    const std::size_t capacity = std::max(size, usual - sizeof(Chunk));
    Box<Chunk> chunk = Box<Chunk>::make(payer_, capacity);
    if (!chunk) return nullptr;
    chunk->capacity = capacity;
    chunk->next = std::move(chunks_);
    chunks_ = std::move(chunk);
  }
  return chunks_->bytes() + std::exchange(chunks_->size, chunks_->size + size);
}

Status Gather::add_values(const Value& answer, std::span<SplitKey> keys) {
  const Result<Elements> elements = answer.as_elements();
  if (!elements || answer.type() != Type::array) return is_no_array;
  if (elements->size() != keys.size()) return has_other_length;
  const SplitKey* const end = keys.data() + keys.size();
  SplitKey* key = keys.data();
  for (const Value value : *elements) {
    PLIMSOLL_CHECK(key != end);
    const std::size_t size = wire_size(value);
    char* const at = size > UINT32_MAX ? nullptr : room(size);
    if (at == nullptr) return kept_bytes_ > bytes_max_ ? is_too_large : no_room;
    write_wire(value, at);
    key->size = static_cast<std::uint32_t>(size);
    key->value = at;
    ++key;
  }
  return {};
}

Status Gather::add_elements(const Value& answer) {
  const bool is_list = answer.type() == Type::array || answer.type() == Type::set;
  const Result<Elements> elements = answer.as_elements();
  if (!elements || !is_list) return is_no_array;
  for (const Value value : *elements) {
    char* const at = room(wire_size(value));
    if (at == nullptr) return kept_bytes_ > bytes_max_ ? is_too_large : no_room;
    write_wire(value, at);
    ++elements_;
  }
  return {};
}

// Both in one go, so that they lie together.
Status Gather::add_of_node(const NodeAddress& address, const Value& value) {
  ++count_;
  std::array<char, NodeAddress::text_bytes_max> text;
  const std::string_view name = address.write(text);
  const std::size_t name_bytes = encoding::bulk_size(name.size());
  char* at = room(name_bytes + wire_size(value));
  if (at == nullptr) return kept_bytes_ > bytes_max_ ? is_too_large : no_room;
  at = copy_bytes(name, encoding::write_header(at, '$', name.size()));
  at = copy_bytes("\r\n", at);
  write_wire(value, at);
  ++elements_;
  return {};
}

// A number, or an array of them: the first answer decides.
Status Gather::add_numbers(const Value& answer) {
  const Result<std::int64_t> one = answer.as_integer();
  const Result<Elements> elements = answer.as_elements();
  const bool is_list = answer.type() == Type::array && elements;
  if (!one && !is_list) return is_no_number;
  const std::size_t size = one ? 1 : elements->size();
  const bool is_first = count_ == 1;
  if (is_first) {
    is_one_number_ = one.ok();
    numbers_count_ = size;
    if (size * sizeof(std::int64_t) > bytes_max_) return is_too_large;
    numbers_ = Block::allocate(payer_, std::max<std::size_t>(size, 1) * sizeof(std::int64_t));
    if (!numbers_) return no_room;
  }
  if (is_one_number_ != one.ok() || numbers_count_ != size) return has_other_length;
  if (one && is_first) return void(numbers()[0] = *one), Status();
  if (one) return join(numbers()[0], *one);
  std::int64_t* at = numbers().data();
  for (const Value value : *elements) {
    const Result<std::int64_t> number = value.as_integer();
    if (!number) return is_no_number;
    if (is_first) {
      *at++ = *number;
    } else if (const Status joined = join(*at++, *number); !joined) {
      return joined;
    }
  }
  return {};
}

Status Gather::join(std::int64_t& sum, std::int64_t number) const {
  switch (spread_) {
    case Spread::nodes_min: sum = std::min(sum, number); return {};
    case Spread::nodes_max: sum = std::max(sum, number); return {};
    case Spread::nodes_and: sum = sum != 0 && number != 0 ? 1 : 0; return {};
    case Spread::nodes_or: sum = sum != 0 || number != 0 ? 1 : 0; return {};
    default: break;
  }
  return __builtin_add_overflow(sum, number, &sum) ? Status(is_too_high) : Status();
}

Result<std::string_view> Gather::finish(std::span<SplitKey> keys) {
  switch (spread_) {
    case Spread::slots_values: return finish_values(keys);
    case Spread::nodes_values: return finish_elements('*');
    case Spread::nodes_map: return finish_elements('%');
    case Spread::slots_sum:
    case Spread::nodes_sum:
    case Spread::nodes_min:
    case Spread::nodes_max:
    case Spread::nodes_and:
    case Spread::nodes_or: return finish_numbers();
    case Spread::nodes_any:
      if (!answer_) return std::string_view("_\r\n");
      break;
    case Spread::slots_all:
    case Spread::nodes_all:
    case Spread::nodes_one:
    case Spread::one_node:
    case Spread::walk:
    case Spread::special: break;
  }
  PLIMSOLL_CHECK(answer_);
  return std::string_view(static_cast<const char*>(answer_.data()), answer_bytes_);
}

Result<std::string_view> Gather::finish_values(std::span<SplitKey> keys) {
  char* const answer = make_answer(header_size(keys.size()) + kept_bytes_);
  if (answer == nullptr) return answer_bytes_ > bytes_max_ ? is_too_large : no_room;
  sort_keys(keys, KeyOrder::of_request);
  char* at = encoding::write_header(answer, '*', keys.size());
  for (const SplitKey& key : keys) at = copy_bytes({key.value, key.size}, at);
  return std::string_view(answer, answer_bytes_);
}

Result<std::string_view> Gather::finish_elements(char type) {
  char* const answer = make_answer(header_size(elements_) + kept_bytes_);
  if (answer == nullptr) return answer_bytes_ > bytes_max_ ? is_too_large : no_room;
  char* at = encoding::write_header(answer, type, elements_);
  for (Chunk* chunk = chunks_.get(); chunk != nullptr; chunk = chunk->next.get()) {
    at = copy_bytes({chunk->bytes(), chunk->size}, at);
  }
  return std::string_view(answer, answer_bytes_);
}

Result<std::string_view> Gather::finish_numbers() {
  std::size_t size = is_one_number_ ? 0 : header_size(numbers_count_);
  for (const std::int64_t number : numbers()) size += integer_size(number);
  char* const answer = make_answer(size);
  if (answer == nullptr) return answer_bytes_ > bytes_max_ ? is_too_large : no_room;
  char* at = is_one_number_ ? answer : encoding::write_header(answer, '*', numbers_count_);
  for (const std::int64_t number : numbers()) at = write_integer(at, number);
  return std::string_view(answer, answer_bytes_);
}

}  // namespace plimsoll::inline v0
