#include "plimsoll/core/client/write_marks.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::write_marks_test {
namespace {

using testing::request;
using testing::Words;

constexpr const char* keys[] = {"a", "b", "c", "key:1"};

class Marks {
 public:
  explicit Marks(WriteMarks::Mark last = 0) : marks(1, last) {
    // Keys that share a cell would take each other for written.
    for (const char* key : keys) {
      for (const char* other : keys) {
        CHECK((marks.cell_of(key) == marks.cell_of(other)) == (key == other));
      }
    }
  }

  /// Which of the keys `command` marks: "a b", "all" or "none".
  std::string note(const CommandView& command) {
    std::array<WriteMarks::Mark, std::size(keys)> before;
    for (std::size_t i = 0; i < std::size(keys); ++i) before[i] = marks.of(keys[i]);
    const bool noted = marks.note(command);
    std::string marked;
    std::size_t count = 0;
    for (std::size_t i = 0; i < std::size(keys); ++i) {
      if (marks.of(keys[i]) == before[i]) continue;
      CHECK(marks.of(keys[i]) > before[i]);
      CHECK(marks.of(keys[i]) <= marks.last());
      marked += (marked.empty() ? "" : " ") + std::string(keys[i]);
      ++count;
    }
    CHECK((noted || count == 0));
    if (count == std::size(keys)) return "all";
    return count == 0 ? "none" : marked;
  }

  std::string note(const Words& words) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    CommandView command;  // not prepared, which would refuse some
    command.args = views;
    const std::string marked = note(command);
    const std::string wire = request(words);
    CHECK(note(CommandView::from_encoded(wire)) == marked);
    if (const auto prepared = commands::prepare(views)) CHECK(note(*prepared) == marked);
    return marked;
  }

  WriteMarks marks;
};

// Several commands in one request: encoded, cut into a head and a list of parts.
class Parts {
 public:
  Parts(std::string bytes, std::size_t head_bytes, std::size_t part_bytes)
      : bytes_(std::move(bytes)), head_bytes_(head_bytes), part_bytes_(part_bytes) {}

  CommandView command(std::uint16_t answers) {
    CommandView command =
        CommandView::from_encoded(std::string_view(bytes_).substr(0, head_bytes_));
    command.answers = answers;
    list_ = {.items = this,
             .walk =
                 [](const ArgumentList& list, const ArgumentSink& sink) {
                   const auto& parts = *static_cast<const Parts*>(list.items);
                   std::string_view left = parts.bytes_;
                   left.remove_prefix(parts.head_bytes_);
                   for (; !left.empty();
                        left.remove_prefix(std::min(left.size(), parts.part_bytes_)))
                     sink(left.substr(0, parts.part_bytes_));
                 },
             .is_encoded = true};
    command.lists = {&list_, 1};
    return command;
  }

 private:
  const std::string bytes_;
  const std::size_t head_bytes_;
  const std::size_t part_bytes_;
  ArgumentList list_{};
};

// What several commands in one request mark, which must be the same wherever they are cut.
std::string note_all(const std::vector<Words>& commands) {
  std::string bytes;
  for (const Words& words : commands) bytes += request(words);
  CommandView whole = CommandView::from_encoded(bytes);
  whole.answers = static_cast<std::uint16_t>(commands.size());
  const std::string marked = Marks().note(whole);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{3}, bytes.size()}) {
      CAPTURE(at, size);
      Parts parts(bytes, at, size);
      CHECK(Marks().note(parts.command(whole.answers)) == marked);
    }
  }
  return marked;
}

TEST_CASE("a write marks its keys, and no other") {
  CHECK(Marks().note(Words{"SET", "a", "v"}) == "a");
  CHECK(Marks().note(Words{"set", "a", "b"}) == "a");
  CHECK(Marks().note(Words{"MSET", "a", "1", "b", "2"}) == "a b");
  CHECK(Marks().note(Words{"DEL", "a", "b", "c"}) == "a b c");
  CHECK(Marks().note(Words{"GETEX", "key:1"}) == "key:1");
  CHECK(Marks().note(Words{"RENAME", "a", "c"}) == "a c");
}

TEST_CASE("what changes no key marks none") {
  for (const char* text : {"PING", "MULTI", "DBSIZE"}) {
    CAPTURE(text);
    CHECK(Marks().note(Words{text}) == "none");
  }
  CHECK(Marks().note(Words{"GET", "a"}) == "none");
  CHECK(Marks().note(Words{"PUBLISH", "a", "b"}) == "none");
  CommandView subscribe;
  const std::string_view words[] = {"SUBSCRIBE", "a", "b"};
  subscribe.args = words;
  subscribe.answers = 2;
  subscribe.answer = CommandView::Answer::confirmations;
  CHECK(Marks().note(subscribe) == "none");
}

TEST_CASE("what may change anything marks all keys") {
  CHECK(Marks().note(Words{"FLUSHALL"}) == "all");
  CHECK(Marks().note(Words{"FLUSHDB"}) == "all");
  CHECK(Marks().note(Words{"EVAL", "x", "1", "a"}) == "all");
  CHECK(Marks().note(Words{"FCALL", "f", "0"}) == "all");
  CHECK(Marks().note(Words{"SORT", "a", "STORE", "b"}) == "all");
  CHECK(Marks().note(Words{"JSON.SET", "a", "$", "1"}) == "all");
  CHECK(Marks().note(Words{"UNKNOWN"}) == "all");
}

TEST_CASE("what a caller calls a read marks nothing, whatever it is") {
  const std::string_view words[] = {"JSON.GET", "a"};
  CommandView command;
  command.args = words;
  command.effect = CommandView::Effect::read;
  Marks marks;
  CHECK(marks.note(command) == "none");
  CHECK_FALSE(marks.marks.note(command));
}

TEST_CASE("later writes have later marks") {
  Marks marks;
  CHECK(marks.marks.of("a") == 0);
  marks.note(Words{"SET", "a", "v"});
  const WriteMarks::Mark first = marks.marks.of("a");
  marks.note(Words{"SET", "b", "v"});
  CHECK(marks.marks.of("a") == first);
  CHECK(marks.marks.of("b") > first);
  marks.note(Words{"FLUSHALL"});
  CHECK(marks.marks.of("a") == marks.marks.last());
  CHECK(marks.marks.of("c") == marks.marks.last());
}

TEST_CASE("several commands in one request mark the words behind their names") {
  CHECK(note_all({{"MULTI"}, {"SET", "a", "v"}, {"EXEC"}}) == "a");
  CHECK(note_all({{"MULTI"}, {"set", "a", "v"}, {"incr", "b"}, {"exec"}}) == "a b");
  CHECK(note_all({{"SET", "a", ""}, {"DEL", "key:1"}}) == "a key:1");
  // A word that is no key costs a read at the primary, and nothing else.
  CHECK(note_all({{"MULTI"}, {"SET", "a", "b"}, {"EXEC"}}) == "a b");
}

TEST_CASE("values that look like requests are no requests") {
  const std::string value = request({"FLUSHALL"}) + request({"SET", "b", "v"}) + "\r\n$1\r\nc\r\n";
  CHECK(note_all({{"MULTI"}, {"SET", "a", value}, {"EXEC"}}) == "a");
}

TEST_CASE("one command of several that may change anything marks all keys") {
  CHECK(note_all({{"MULTI"}, {"FLUSHALL"}, {"EXEC"}}) == "all");
  CHECK(note_all({{"MULTI"}, {"EVAL", "x", "0"}, {"EXEC"}}) == "all");
  CHECK(note_all({{"MULTI"}, {"SORT", "a", "STORE", "b"}, {"EXEC"}}) == "all");
  CHECK(note_all({{"MULTI"}, {"UNKNOWN", "a"}, {"EXEC"}}) == "all");
  CHECK(note_all({{"MULTI"}, {std::string(40, 'X'), "a"}, {"EXEC"}}) == "all");
  CHECK(note_all({{"MULTI"}, {"", "a"}, {"EXEC"}}) == "all");
}

TEST_CASE("a word whose bytes are not there yet is not read") {
  constexpr std::size_t size = 1'000'000;
  const std::string_view words[] = {"SET", "a", deferred_word(size)};
  CommandView command;
  command.args = words;
  CHECK(Marks().note(command) == "a");
  // In a transaction, between parts that are there.
  const std::string head =
      request({"MULTI"}) + "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$" + std::to_string(size) + "\r\n";
  const std::string tail = "\r\n" + request({"SET", "c", "v"}) + request({"EXEC"});
  struct Both {
    std::string_view tail;
  } both{tail};
  const ArgumentList list{.items = &both,
                          .walk =
                              [](const ArgumentList& of, const ArgumentSink& sink) {
                                sink(deferred_word(size));
                                sink(static_cast<const Both*>(of.items)->tail);
                              },
                          .is_encoded = true};
  CommandView transaction = CommandView::from_encoded(head);
  transaction.answers = 4;
  transaction.lists = {&list, 1};
  CHECK(Marks().note(transaction) == "a c");
}

TEST_CASE("where the numbers begin again, every key counts as written, and it is said once") {
  Marks marks(UINT32_MAX - 1);
  marks.note(CommandView::from_encoded(request({"SET", "a", "v"})));
  CHECK(marks.marks.of("a") == UINT32_MAX);
  CHECK_FALSE(marks.marks.take_restart());
  marks.marks.mark("b");
  CHECK(marks.marks.take_restart());
  CHECK_FALSE(marks.marks.take_restart());
  for (const char* key : keys) CHECK(marks.marks.of(key) > 0);
  CHECK(marks.marks.of("b") == marks.marks.last());
  CHECK(marks.marks.last() > marks.marks.of("a"));
}

TEST_CASE("clients of different seeds share different cells") {
  const WriteMarks one(1);
  const WriteMarks other(2);
  int differ = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "k" + std::to_string(i);
    differ += one.cell_of(key) != other.cell_of(key) ? 1 : 0;
  }
  CHECK(differ > 90);
}

}  // namespace
}  // namespace plimsoll::write_marks_test
