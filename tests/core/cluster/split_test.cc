#include "plimsoll/core/cluster/split.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::testing::split_test {
namespace {

using RequestWords = RequestSplitter::Words;

// The keys of a request, in the order of its parts: "<slot>: <index> <words>".
struct Split {
  bool is_done = false;
  std::string name{};
  std::vector<SplitKey> keys{};
};

Split split(const std::string& bytes, RequestWords words, std::size_t piece_bytes) {
  Split all;
  RequestSplitter splitter(words);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string piece = bytes.substr(at, piece_bytes);  // a sanitizer sees its end
    std::size_t taken = splitter.take(piece);
    if (taken < piece.size() && splitter.knows_count() && all.keys.empty()) {
      all.keys.resize(splitter.keys_count());
      splitter.set_room(all.keys);
      taken += splitter.take(std::string_view(piece).substr(taken));
    }
    if (taken < piece.size()) return all;
    at += piece.size();
  }
  all.is_done = splitter.is_done();
  all.name = bytes.substr(splitter.name_at(), splitter.name_size());
  if (all.is_done) sort_keys(all.keys, KeyOrder::by_slot);
  return all;
}

std::string words_of(const SplitKey& key, const std::string& bytes) {
  return bytes.substr(key.request.at, key.size);
}

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

}  // namespace

TEST_CASE("the keys of a request are sorted by slot, and in one slot stay in their order") {
  // Slots: a 15495, b 3300, c 7365.
  const std::string bytes = request({"mget", "a", "b", "{a}2", "", "c", "{a}1", "a"});
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, bytes.size()}) {
    CAPTURE(piece);
    const Split all = split(bytes, RequestWords::keys, piece);
    REQUIRE(all.is_done);
    CHECK(all.name == bulk("mget"));
    REQUIRE(all.keys.size() == 7);
    std::string shown;
    for (const SplitKey& key : all.keys) {
      shown += std::to_string(key.request.slot) + ":" + std::to_string(key.index) + " ";
    }
    CHECK(shown == "0:3 3300:1 7365:4 15495:0 15495:2 15495:5 15495:6 ");
    CHECK(words_of(all.keys[0], bytes) == bulk(""));
    CHECK(words_of(all.keys[4], bytes) == bulk("{a}2"));
    CHECK(count_slots(all.keys) == 4);
    CHECK(size_of_part(all.keys) == 1);
    CHECK(size_of_part(std::span(all.keys).subspan(3)) == 4);
  }
}

TEST_CASE("a value stays with its key") {
  const std::string bytes = request({"MSET", "a", "1", "b", "", "c", "*2\r\n$1\r\n"});
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    CAPTURE(piece);
    const Split all = split(bytes, RequestWords::pairs, piece);
    REQUIRE(all.is_done);
    REQUIRE(all.keys.size() == 3);
    CHECK(words_of(all.keys[0], bytes) == bulk("b") + bulk(""));
    CHECK(words_of(all.keys[1], bytes) == bulk("c") + bulk("*2\r\n$1\r\n"));
    CHECK(words_of(all.keys[2], bytes) == bulk("a") + bulk("1"));
  }
}

TEST_CASE("a request that is cut, or has a key without its value, is not done") {
  const std::string bytes = request({"MSET", "a", "1", "b", "2"});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(split(bytes.substr(0, size), RequestWords::pairs, 3).is_done);
  }
  CHECK_FALSE(split("*0\r\n", RequestWords::keys, 9).is_done);
  CHECK_FALSE(split("*3\r\n+GET\r\n", RequestWords::keys, 9).is_done);
  CHECK_FALSE(split(bytes + "$", RequestWords::pairs, 3).is_done);
}

TEST_CASE("the slot of a key in pieces is that of the whole key") {
  const std::vector<std::string> keys{"",
                                      "a",
                                      "{a}b",
                                      "{}a",
                                      "x{a",
                                      "x{}y}",
                                      "x{y}z{w}",
                                      "}{a}b",
                                      "{{a}}b",
                                      std::string(300, 'k'),
                                      std::string(1, '\0') + "\xff{\x80}"};
  for (const std::string& key : keys) {
    CAPTURE(key);
    for (std::size_t size = 1; size <= 5; ++size) {
      SlotOfPieces pieces;
      for (std::size_t at = 0; at < key.size(); at += size) pieces.add(key.substr(at, size));
      CHECK(pieces.slot() == slot_of_key(key));
    }
  }
}

}  // namespace plimsoll::testing::split_test
