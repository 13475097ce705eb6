#include "plimsoll/tests/sim/network/pipe.h"

#include <string>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::sim::pipe_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Reads what arrives unless told to wait, and notes when the pipe has room again.
class Ends final : public Pipe::Ends {
 public:
  void handle_arrival(Pipe& pipe) override {
    ++arrivals;
    if (reads) take(pipe);
  }
  void handle_room(Pipe&) override { ++rooms; }
  void take(Pipe& pipe) {
    received += pipe.readable();
    pipe.read(pipe.readable().size());
  }

  bool reads = true;
  int arrivals = 0;
  int rooms = 0;
  std::string received;
};

struct Line {
  explicit Line(const Conditions& conditions) : pipe(schedule, random, ends) {
    pipe.start(conditions);
  }
  void run(Duration time = seconds(60)) {
    const Instant end = schedule.now() + time;
    while (schedule.step(end)) {
    }
  }

  Schedule schedule;
  Random random{1};
  Ends ends;
  Pipe pipe;
};

std::string text_of(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>('a' + i % 26);
  return text;
}

TEST_CASE("bytes arrive in order, in pieces, after the latency") {
  Line line({.latency_min = milliseconds(2), .latency_max = milliseconds(9), .piece_bytes_max = 7});
  const std::string text = text_of(1000);
  CHECK(line.pipe.write(text) == 1000);
  line.run(milliseconds(1));
  CHECK(line.ends.received.empty());
  line.run();
  CHECK(line.ends.received == text);
  CHECK(line.ends.arrivals > 3);
}

TEST_CASE("the sender waits for a receiver that does not read, and is told when there is room") {
  Line line({.send_buffer = 100, .receive_buffer = 50});
  line.ends.reads = false;
  CHECK(line.pipe.write(text_of(300)) == 100);
  line.run();
  CHECK(line.pipe.readable().size() == 50);
  CHECK(line.ends.rooms == 1);
  CHECK(line.pipe.write(text_of(300)) == 50);
  line.ends.take(line.pipe);
  line.run();
  CHECK(line.pipe.readable().size() == 50);
}

TEST_CASE("the end comes behind the bytes") {
  Line line({});
  line.ends.reads = false;
  CHECK(line.pipe.write("last words") == 10);
  line.pipe.end();
  line.run();
  CHECK(line.pipe.has_ended());
  CHECK(line.pipe.readable() == "last words");
}

TEST_CASE("what is held up arrives after the release, what is cut off never") {
  Line line({});
  line.pipe.hold();
  CHECK(line.pipe.write("hello") == 5);
  line.run(seconds(10));
  CHECK(line.ends.received.empty());
  line.pipe.release();
  line.run();
  CHECK(line.ends.received == "hello");

  CHECK(line.pipe.write("gone") == 4);
  line.pipe.cut();
  line.run();
  CHECK(line.ends.received == "hello");
}

TEST_CASE("a stream's hash does not depend on how it is cut") {
  const std::string text = text_of(100);
  StreamHash whole;
  whole.add(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    StreamHash parts;
    parts.add(std::string_view(text).substr(0, cut));
    parts.add(std::string_view(text).substr(cut));
    CHECK(parts.value() == whole.value());
  }
}

}  // namespace
}  // namespace plimsoll::sim::pipe_test
