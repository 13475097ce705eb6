#include "plimsoll/core/cluster/slot.h"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::slot_test {
namespace {

// As the standard describes it, bit by bit.
Slot slow_slot(std::string_view bytes) {
  std::uint32_t crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000u) != 0 ? 0x1021u : 0u);
    crc &= 0xffff;
  }
  return static_cast<Slot>(crc % slots_count);
}

TEST_CASE("a key's slot is what servers say of it") {
  CHECK(slot_of_key("123456789") == 0x31c3);  // the check value of CRC-16/XMODEM
  CHECK(slot_of_key("foo") == 12182);
  CHECK(slot_of_key("bar") == 5061);
  CHECK(slot_of_key("hello") == 866);
  CHECK(slot_of_key("") == 0);
}

TEST_CASE("keys of one hash tag are in one slot") {
  const Slot tagged = slot_of_key("user1000");
  CHECK(slot_of_key("{user1000}.following") == tagged);
  CHECK(slot_of_key("{user1000}.followers") == tagged);
  CHECK(slot_of_key("before{user1000}") == tagged);
  CHECK(slot_of_key("{user1000}") == tagged);
}

TEST_CASE("the tag is what lies between the first { and the next }, unless it is empty") {
  CHECK(slot_of_key("foo{}{bar}") == slow_slot("foo{}{bar}"));
  CHECK(slot_of_key("foo{{bar}}zap") == slow_slot("{bar"));
  CHECK(slot_of_key("foo{bar}{zap}") == slow_slot("bar"));
  CHECK(slot_of_key("}foo{bar}") == slow_slot("bar"));
  CHECK(slot_of_key("foo{bar") == slow_slot("foo{bar"));
  CHECK(slot_of_key("foo}bar{") == slow_slot("foo}bar{"));
  CHECK(slot_of_key("{") == slow_slot("{"));
  CHECK(slot_of_key("}") == slow_slot("}"));
  CHECK(slot_of_key("{}") == slow_slot("{}"));
  CHECK(slot_of_key("{}}") == slow_slot("{}}"));
  CHECK(slot_of_key("{{}}") == slow_slot("{"));
  CHECK(slot_of_key("{}foo{bar}") == slow_slot("{}foo{bar}"));
}

TEST_CASE("a brace is seen in every place of a key") {
  for (std::size_t size = 3; size < 40; ++size) {
    for (std::size_t at = 0; at + 3 <= size; ++at) {
      CAPTURE(size, at);
      std::string key(size, 'k');
      key[at] = '{';
      key[at + 2] = '}';
      REQUIRE(slot_of_key(key) == slow_slot("k"));
    }
  }
}

TEST_CASE("bytes that look a little like braces are no braces") {
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == '{') continue;
    CAPTURE(byte);
    const std::string key = std::string("0123456") + static_cast<char>(byte) + "ab}defghi";
    REQUIRE(slot_of_key(key) == slow_slot(key));
  }
}

TEST_CASE("keys of any bytes and sizes have the slots of the plain algorithm") {
  std::mt19937 random(26);
  for (int i = 0; i < 10'000; ++i) {
    std::string key(random() % (i % 100 == 0 ? 1000 : 50), '\0');
    for (char& c : key) {
      do c = static_cast<char>(random());
      while (c == '{');
    }
    CAPTURE(i, key);
    REQUIRE(slot_of_key(key) == slow_slot(key));
  }
}

TEST_CASE("each slot has a short key") {
  for (std::uint32_t slot = 0; slot < slots_count; ++slot) {
    const std::array<char, 2> key = short_key_in(static_cast<Slot>(slot));
    REQUIRE(slot_of_key({key.data(), key.size()}) == slot);
    REQUIRE(slow_slot(std::string(key.data(), key.size())) == slot);
  }
}

}  // namespace
}  // namespace plimsoll::slot_test
