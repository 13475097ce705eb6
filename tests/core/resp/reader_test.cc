#include "plimsoll/core/resp/reader.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/base/failed_check.h"
#include "plimsoll/tests/core/resp/model.h"
#include "plimsoll/tests/core/resp/reading.h"

namespace plimsoll::testing::reader_test {
namespace {

using Poll = Reader::Poll;

// What a small buffer costs.
const std::size_t small_bytes = heap_block_footprint(chunk_bytes);

struct ReaderTest {
  void write(std::span<char> room, std::string_view bytes) {
    REQUIRE(room.size() >= bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    reader.handle_read(bytes.size());
  }
  void write(std::string_view bytes) { write(reader.read_space(), bytes); }

  std::size_t used() { return memory.budget.statistics().pool(PoolKind::replies).used; }

  ReplyMemory memory;
  Reader reader{*memory.account, {}};
};

TEST_CASE("a reader has no memory before it is asked for room, and pays before it gives some") {
  ReaderTest test;
  CHECK(test.used() == 0);
  CHECK(test.reader.next(true) == Poll::need_more);
  CHECK(test.reader.read_space().size() == small_segment_capacity);
  CHECK(test.used() == small_bytes);
}

TEST_CASE("a frame is at hand until the next is asked for") {
  ReaderTest test;
  test.write("+a\r\n:12\r\n>1\r\n+k\r\n");
  REQUIRE(test.reader.next(true) == Poll::frame);
  CHECK(show(test.reader.value()) == "simple \"a\"");
  CHECK(test.reader.frame_bytes() == 4);
  CHECK_FALSE(test.reader.is_push());
  REQUIRE(test.reader.next(true) == Poll::frame);
  CHECK(show(test.reader.value()) == "12");
  CHECK(test.reader.frame_bytes() == 5);
  REQUIRE(test.reader.next(true) == Poll::frame);
  CHECK(test.reader.is_push());
  CHECK(test.reader.next(true) == Poll::need_more);
}

TEST_CASE("a reader says whether it is in the midst of a frame") {
  ReaderTest test;
  CHECK_FALSE(test.reader.in_frame());
  test.write("*2\r\n:1\r\n");
  CHECK(test.reader.next(true) == Poll::need_more);
  CHECK(test.reader.in_frame());
  test.write(":2\r\n");
  CHECK(test.reader.next(true) == Poll::frame);
  CHECK_FALSE(test.reader.in_frame());
}

TEST_CASE("short frames are read as all frames are, wherever the bytes end that have come") {
  for (const std::string_view frame :
       {"+OK\r\n", "_\r\n", "$0\r\n\r\n", "$1\r\na\r\n", "$12\r\ntwelve bytes\r\n", ":0\r\n",
        ":1\r\n", ":1234567\r\n"}) {
    for (const std::string_view next : {"", "+", "+OK\r\n", "_\r\n", "$3\r\nabc\r\n"}) {
      for (std::size_t size = 0; size <= frame.size() + next.size(); ++size) {
        const std::string bytes = std::string(frame).append(next).substr(0, size);
        CAPTURE(bytes);
        ReaderTest fast;
        ReaderTest slow;
        fast.write(bytes);
        slow.write(bytes);
        const bool is_whole = size >= frame.size();
        REQUIRE(fast.reader.next_short() == is_whole);
        REQUIRE((slow.reader.next(true) == Poll::frame) == is_whole);
        if (!is_whole) continue;
        CHECK(show(fast.reader.value()) == show(slow.reader.value()));
        CHECK(fast.reader.frame_bytes() == frame.size());
      }
    }
  }
}

TEST_CASE("an OK that is cut within an aggregate leaves nothing behind for the next line") {
  const std::string_view bytes = "*3\r\n+OK\r\n,1\r\n+\r\n$1\r\na\r\n,2\r\n$3\r\nend\r\n";
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    CAPTURE(cut);
    ReaderTest test;
    std::string seen;
    for (const std::string_view part : {bytes.substr(0, cut), bytes.substr(cut)}) {
      test.write(part);
      while (test.reader.next(true) == Poll::frame) seen += show(test.reader.value()) + "; ";
    }
    CHECK(seen == "[simple \"OK\", double 1, simple \"\"]; \"a\"; double 2; \"end\"; ");
  }
}

TEST_CASE("what is no short frame is left to the usual way") {
  for (const std::string_view frame :
       {"+OKAY\r\n", "+OK\n\r\n", "+OK \r\n", "+QUEUED\r\n", "_ \r\n", "_\n\r\n", ":-1\r\n",
        ":\r\n", "$-1\r\n", "-ERR no\r\n", "#t\r\n", "*0\r\n"}) {
    CAPTURE(frame);
    ReaderTest test;
    test.write(frame);
    CHECK_FALSE(test.reader.next_short());
    ReaderTest with_more;
    with_more.write(std::string(frame).append("$3\r\nabc\r\n"));
    CHECK_FALSE(with_more.reader.next_short());
  }
}

TEST_CASE("replies that come and go share one buffer") {
  ReaderTest test;
  for (int i = 0; i < 50000; ++i) {
    test.write("$5\r\nhello\r\n");
    if (test.reader.next(true) != Poll::frame) FAIL(i);
    if (test.reader.next(true) != Poll::need_more) FAIL(i);
  }
  CHECK(test.memory.budget.statistics().pool(PoolKind::replies).peak == small_bytes);
}

TEST_CASE("a stream that never rests at a frame's end stays within two buffers") {
  ReplyMemory memory;
  Reading reading(memory);
  reading.feed("$5\r\nhel");
  for (int i = 0; i < 20000; ++i) {
    reading.feed("lo\r\n$5\r\nhel");
    if (memory.budget.statistics().chunks.live > 2 * small_bytes) FAIL(i);
  }
  CHECK(reading.frames().size() == 20000);
  CHECK(memory.budget.statistics().segments.live == 0);
}

TEST_CASE("room stays where it is until it was filled, whatever is asked meanwhile") {
  ReaderTest test;
  test.write("+a\r\n");
  REQUIRE(test.reader.next(true) == Poll::frame);
  const std::span<char> room = test.reader.read_space();
  CHECK(test.reader.next(true) == Poll::need_more);
  test.reader.release_idle();
  CHECK(test.reader.next(true) == Poll::need_more);
  test.write(room, "+b\r\n");
  REQUIRE(test.reader.next(true) == Poll::frame);
  CHECK(show(test.reader.value()) == "simple \"b\"");
}

TEST_CASE("room stays where it is while the frame before is kept") {
  ReaderTest test;
  test.write("+a\r\n");
  REQUIRE(test.reader.next(true) == Poll::frame);
  const std::span<char> room = test.reader.read_space();
  const Result<Reply> kept = test.reader.keep();
  CHECK(test.reader.next(true) == Poll::need_more);
  test.write(room, "+b\r\n");
  REQUIRE(test.reader.next(true) == Poll::frame);
  CHECK(show(test.reader.value()) == "simple \"b\"");
  CHECK(show(kept->value()) == "simple \"a\"");
}

TEST_CASE("an idle reader gives its buffer back, and one in a frame does not") {
  ReaderTest test;
  test.write("+a\r\n+b");
  test.reader.release_idle();
  CHECK(test.used() == small_bytes);
  REQUIRE(test.reader.next(true) == Poll::frame);
  test.reader.release_idle();
  CHECK(show(test.reader.value()) == "simple \"a\"");
  CHECK(test.reader.next(true) == Poll::need_more);
  test.reader.release_idle();
  CHECK(test.used() == small_bytes);
  test.write("\r\n");
  REQUIRE(test.reader.next(true) == Poll::frame);
  CHECK(test.reader.next(true) == Poll::need_more);
  test.reader.release_idle();
  CHECK(test.used() == 0);
}

TEST_CASE("room that is not wanted any more goes back with a read of nothing") {
  ReaderTest test;
  CHECK_FALSE(test.reader.read_space().empty());
  test.reader.release_idle();
  CHECK(test.used() == small_bytes);
  test.reader.handle_read(0);
  test.reader.release_idle();
  CHECK(test.used() == 0);
}

TEST_CASE("after an error a reader stays failed, with the first byte that was wrong") {
  ReaderTest test;
  test.write("+a\r\n+b\r\nx+c\r\n");
  CHECK(test.reader.next(true) == Poll::frame);
  CHECK(test.reader.next(true) == Poll::frame);
  for (int i = 0; i < 3; ++i) {
    CHECK(test.reader.next(true) == Poll::failed);
    CHECK(test.reader.error().code == ErrorCode::protocol_error);
    CHECK(test.reader.error().executed == Executed::maybe);
    CHECK(test.reader.error().offset == 8);
  }
}

TEST_CASE("the byte that was wrong is counted over all buffers") {
  ReplyMemory memory;
  Reading reading(memory);
  std::size_t sent = 0;
  for (int i = 0; i < 40; ++i) sent += reading.feed(filler(10007));
  reading.feed("*2\r\n:1\r\n+\n");
  CHECK(reading.error()->offset == sent + 9);
}

TEST_CASE("a reset reader begins a new stream, and has given back the old one") {
  ReaderTest test;
  test.write("*2\r\n|1\r\n+a\r\n$100\r\nabc");
  CHECK(test.reader.next(true) == Poll::need_more);
  test.reader.reset();
  CHECK(test.used() == 0);
  CHECK_FALSE(test.reader.in_frame());
  test.write("+a\r\n$?\r\n;1\r\na\r\n");
  CHECK(test.reader.next(true) == Poll::frame);
  CHECK(test.reader.next(true) == Poll::need_more);
  test.reader.reset();
  test.write(".\r\n");
  CHECK(test.reader.next(true) == Poll::failed);
  CHECK(test.reader.error().offset == 0);
  test.reader.reset();
  test.write("%1\r\n+k\r\n+v\r\n");
  REQUIRE(test.reader.next(true) == Poll::frame);
  CHECK(show(test.reader.value()) == "{simple \"k\": simple \"v\"}");
}

TEST_CASE("what a length announces allocates nothing") {
  for (const std::string_view announced :
       {"*134217728\r\n", "%134217728\r\n", "~134217728\r\n", ">134217728\r\n", "|134217728\r\n",
        "$536870912\r\n", "!536870912\r\n", "=536870912\r\ntxt:", "*1\r\n*134217728\r\n",
        "$?\r\n;536870912\r\n"}) {
    ReaderTest test;
    test.write(announced);
    CHECK(test.reader.next(true) == Poll::need_more);
    CHECK(test.used() == small_bytes);
    CHECK(test.reader.dropped() == Parser::Drop::none);
  }
}

TEST_CASE("a reply that began unwanted is skipped to its end, the next is as wanted") {
  ReaderTest test;
  test.write("*2\r\n:1\r\n");
  CHECK(test.reader.next(false) == Poll::need_more);
  test.write(":2\r\n+b\r\n");
  REQUIRE(test.reader.next(true) == Poll::frame);
  CHECK(test.reader.dropped() == Parser::Drop::unwanted);
  REQUIRE(test.reader.next(true) == Poll::frame);
  CHECK(show(test.reader.value()) == "simple \"b\"");
}

TEST_CASE(
    "a reply that nobody waits for any more is skipped from there, and its memory given back") {
  const std::string_view rests[] = {":1\r\n", "$5\r\nhello\r\n", "*2\r\n:1\r\n:2\r\n"};
  for (const std::string_view rest : rests) {
    for (std::size_t cut = 0; cut < rest.size(); ++cut) {
      ReplyMemory memory;
      Reading reading(memory);
      reading.feed("*12\r\n");
      for (int i = 0; i < 11; ++i) reading.feed(filler(10'000));
      reading.feed(rest.substr(0, cut));
      reading.set_replies(Replies::unwanted);
      reading.feed(rest.substr(cut, 1));
      CHECK(memory.budget.statistics().pool(PoolKind::replies).used <= segment_bytes);
      reading.feed(rest.substr(cut + 1));
      reading.set_replies(Replies::wanted);
      reading.feed("+next\r\n");
      CHECK(reading.outcome() == "(unwanted); simple \"next\"");
    }
  }
}

TEST_CASE("a push that nobody waits for is not skipped, half there or not") {
  ReaderTest test;
  test.write("|1\r\n+a\r\n:1\r\n>2\r\n+k\r\n");
  CHECK(test.reader.next(true) == Poll::need_more);
  CHECK(test.reader.next(false) == Poll::need_more);
  test.write(":1\r\n");
  REQUIRE(test.reader.next(false) == Poll::frame);
  CHECK(show(test.reader.value()) == "@{simple \"a\": 1} push [simple \"k\", 1]");
}

TEST_CASE("a frame that has not shown its type is neither wanted nor not") {
  ReaderTest test;
  test.write("|1\r\n+a\r\n:1\r\n");
  CHECK(test.reader.next(false) == Poll::need_more);
  CHECK(test.reader.dropped() == Parser::Drop::none);
  test.write(">1\r\n+k\r\n");
  REQUIRE(test.reader.next(false) == Poll::frame);
  CHECK(show(test.reader.value()) == "@{simple \"a\": 1} push [simple \"k\"]");
}

TEST_CASE("an unwanted reply of any size takes one buffer") {
  ReplyMemory memory;
  Reading reading(memory, Replies::unwanted);
  std::string elements = "*300\r\n";
  for (int i = 0; i < 300; ++i) elements += filler(4099);
  CHECK(reading.feed(elements) == elements.size());
  CHECK(reading.outcome() == "(unwanted)");
  CHECK(memory.budget.statistics().pool(PoolKind::replies).peak == segment_bytes);
}

// Writes a reply of `bytes`, takes it, and moves on.
void read_one(ReaderTest& test, std::size_t bytes) {
  test.write(filler(bytes));
  REQUIRE(test.reader.next(true) == Poll::frame);
  REQUIRE(test.reader.next(true) == Poll::need_more);
}

TEST_CASE("a read that fills a small buffer is followed by whole ones, until little has come") {
  ReaderTest test;
  read_one(test, small_segment_capacity - 1);
  CHECK(test.used() == small_bytes);
  read_one(test, small_segment_capacity);
  for (int i = 0; i < BufferSize::small_reads_max; ++i) {
    CHECK(test.reader.read_space().size() == segment_capacity);
    read_one(test, small_segment_capacity - 1);
  }
  CHECK(test.reader.read_space().size() == small_segment_capacity);
  CHECK(test.used() == small_bytes);
}

TEST_CASE("a reader that was idle reads as much at once as before, a reset one begins anew") {
  ReaderTest test;
  read_one(test, small_segment_capacity);
  test.reader.release_idle();
  CHECK(test.used() == 0);
  CHECK(test.reader.read_space().size() == segment_capacity);
  test.reader.reset();
  CHECK(test.reader.read_space().size() == small_segment_capacity);
}

TEST_CASE("a frame that fills two small buffers drop by drop goes on in whole ones") {
  ReplyMemory memory;
  Reading reading(memory);
  reading.feed("*40000\r\n");
  for (int i = 0; i < 39999; ++i) {
    reading.feed(":1\r\n");
    if (memory.budget.statistics().chunks.live > 3 * small_bytes) FAIL(i);  // one is the tape's
  }
  CHECK(memory.budget.statistics().segments.live > 0);
  reading.feed(":1\r\n");
  CHECK(reading.frames().size() == 1);
  reading.feed("+next\r\n");
  CHECK(memory.budget.statistics().segments.live == 0);
}

TEST_CASE("a long frame that is skipped is read to whole buffers") {
  ReplyMemory memory;
  Reader reader(*memory.account, {});
  const std::string frame = filler(segment_capacity * 4);
  std::size_t reads = 0;
  std::size_t read = 0;
  for (; read < frame.size(); ++reads) {
    const std::span<char> room = reader.read_space();
    const std::size_t part = std::min(room.size(), frame.size() - read);
    std::memcpy(room.data(), frame.data() + read, part);
    reader.handle_read(part);
    read += part;
    static_cast<void>(reader.next(false));
  }
  CHECK(reader.dropped() == Parser::Drop::unwanted);
  CHECK(reads == 5);
}

TEST_CASE("reading more than there is room for fails a CHECK") {
  CHECK_FALSE(failed_check([] { ReaderTest().reader.handle_read(1); }).empty());
  CHECK_FALSE(failed_check([] {
                ReaderTest test;
                test.reader.handle_read(test.reader.read_space().size() + 1);
              }).empty());
}

}  // namespace
}  // namespace plimsoll::testing::reader_test
