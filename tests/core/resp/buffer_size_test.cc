#include "plimsoll/core/resp/buffer_size.h"

#include <cstddef>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::buffer_size_test {
namespace {

constexpr std::size_t small_room = small_segment_capacity;
constexpr std::size_t whole_room = segment_capacity;

TEST_CASE("small buffers are wanted until a read fills one") {
  BufferSize size;
  CHECK(size.wanted() == SegmentSize::small);
  size.note_read(small_room - 1, small_room);
  CHECK(size.wanted() == SegmentSize::small);
  size.note_read(small_room, small_room);
  CHECK(size.wanted() == SegmentSize::whole);
}

TEST_CASE("a read that fills the rest of a small buffer is a large one, unless that was little") {
  BufferSize size;
  size.note_read(read_space_min - 1, read_space_min - 1);
  CHECK(size.wanted() == SegmentSize::small);
  size.note_read(read_space_min, read_space_min);
  CHECK(size.wanted() == SegmentSize::whole);
}

TEST_CASE("whole buffers are wanted until small_reads_max small reads have come in a row") {
  BufferSize size;
  size.note_read(small_room, small_room);
  for (int i = 1; i < BufferSize::small_reads_max; ++i) size.note_read(small_room - 1, whole_room);
  CHECK(size.wanted() == SegmentSize::whole);
  size.note_read(small_room, whole_room);
  for (int i = 1; i < BufferSize::small_reads_max; ++i) size.note_read(1, whole_room);
  CHECK(size.wanted() == SegmentSize::whole);
  size.note_read(1, whole_room);
  CHECK(size.wanted() == SegmentSize::small);
  size.note_read(1, whole_room);
  CHECK(size.wanted() == SegmentSize::small);
}

}  // namespace
}  // namespace plimsoll::testing::buffer_size_test
