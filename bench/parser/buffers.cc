#include "plimsoll/bench/parser/buffers.h"

#include <cstdint>
#include <random>
#include <string_view>

namespace plimsoll::bench {
namespace {

// Seeded by a constant and by what the standard says of mt19937_64: the same bytes everywhere.
class Random {
 public:
  /// Evenly from 0 to `bound` - 1.
  std::uint64_t below(std::uint64_t bound) { return generator_() % bound; }

 private:
  std::mt19937_64 generator_{20240229};
};

void append_header(std::string& out, char type, std::size_t size) {
  out += type;
  out += std::to_string(size);
  out += "\r\n";
}

void append_int(std::string& out, std::uint64_t value) { append_header(out, ':', value); }

void append_bulk(std::string& out, Random& random, std::size_t size) {
  append_header(out, '$', size);
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>('a' + random.below(26));
  out += "\r\n";
}

// As a search or a stream gives it: a few rows of an id and some fields, each an array.
void append_nested_array(std::string& out, Random& random) {
  append_header(out, '*', 4);
  for (int row = 0; row < 4; ++row) {
    append_header(out, '*', 3);
    append_int(out, random.below(100'000));
    append_bulk(out, random, 4 + random.below(13));
    append_header(out, '*', 2);
    append_bulk(out, random, 4 + random.below(13));
    append_int(out, random.below(1'000));
  }
}

// As HGETALL gives it: ten fields with short names and values.
void append_fields(std::string& out, Random& random) {
  for (int field = 0; field < 10; ++field) {
    append_bulk(out, random, 4 + random.below(9));
    append_bulk(out, random, 8 + random.below(25));
  }
}

template <typename Append>
Buffer make_buffer(std::string_view name, std::size_t bytes, Append append) {
  Random random;
  Buffer buffer;
  buffer.name = name;
  while (buffer.resp3.size() < bytes) {
    append(buffer.resp3, random);
    buffer.replies_count += 1;
  }
  buffer.resp2 = buffer.resp3;
  return buffer;
}

Buffer make_maps(std::size_t bytes) {
  Random random;
  Buffer buffer;
  buffer.name = "maps of 10 fields";
  while (buffer.resp3.size() < bytes) {
    std::string fields;
    append_fields(fields, random);
    buffer.resp3 += "%10\r\n" + fields;
    buffer.resp2 += "*20\r\n" + fields;
    buffer.replies_count += 1;
  }
  return buffer;
}

}  // namespace

std::vector<Buffer> make_buffers(std::size_t bytes) {
  std::vector<Buffer> buffers;
  buffers.push_back(make_buffer("small ints", bytes, [](std::string& out, Random& random) {
    append_int(out, random.below(1'000));
  }));
  buffers.back().boost_redis_per_hiredis = 259.0 / 246;
  buffers.push_back(make_buffer("100 B bulks", bytes, [](std::string& out, Random& random) {
    append_bulk(out, random, 100);
  }));
  buffers.back().boost_redis_per_hiredis = 3626.0 / 2343;
  buffers.push_back(make_buffer("nested arrays", bytes, append_nested_array));
  buffers.back().boost_redis_per_hiredis = 459.0 / 306;
  buffers.push_back(make_maps(bytes));
  buffers.back().boost_redis_per_hiredis = 952.0 / 627;
  buffers.push_back(make_buffer("10 KiB bulks", bytes, [](std::string& out, Random& random) {
    append_bulk(out, random, 10 * 1024);
  }));
  buffers.back().views_goal = 1.5;
  return buffers;
}

}  // namespace plimsoll::bench
