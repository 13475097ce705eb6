#include "plimsoll/core/base/packed_id.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::packed_id_test {
namespace {

constexpr std::uint64_t positions[] = {0, 1, 4711, request_ids::Number::mask};

TEST_CASE("a field gets what was put, and leaves the bits beside it alone") {
  using Field = BitField<4, 3>;
  STATIC_CHECK(Field::values_count == 8);
  STATIC_CHECK(Field::mask == 0x70);
  for (std::uint64_t value = 0; value < Field::values_count; ++value) {
    CHECK(Field::get(Field::put(value) | ~Field::mask) == value);
    CHECK((Field::put(value) & ~Field::mask) == 0);
  }
}

TEST_CASE("a field may be all bits, or the last one") {
  STATIC_CHECK(BitField<0, 64>::mask == UINT64_MAX);
  STATIC_CHECK(BitField<63, 1>::mask == std::uint64_t{1} << 63);
}

TEST_CASE("fields that share a bit are not disjoint") {
  STATIC_CHECK(are_disjoint<BitField<0, 4>, BitField<4, 4>>());
  STATIC_CHECK(!are_disjoint<BitField<0, 5>, BitField<4, 4>>());
}

TEST_CASE("a request on a side connection is found again by its id") {
  using namespace request_ids;
  for (const std::uint64_t connection : {std::uint64_t{1}, places_of_connections - 1}) {
    for (const std::uint64_t incarnation : {std::uint64_t{0}, Incarnation::values_count - 1}) {
      for (const std::uint64_t position : positions) {
        for (const std::uint64_t request : {position, first_wait | position}) {
          const std::uint64_t id = on_side(connection, incarnation, request);
          CHECK(connection_of(id) == connection);
          CHECK(incarnation_of(id) == incarnation);
          CHECK(request_of(id) == request);
          CHECK(is_wait_for_messages(request_of(id)) == (request != position));
          CHECK(is_on_side(id));
          CHECK_FALSE(is_waiter(id));
          CHECK_FALSE(is_wait_for_fetch(id));
        }
      }
    }
  }
}

TEST_CASE("an id names one kind of thing") {
  using namespace request_ids;
  for (const std::uint64_t number : positions) {
    const std::uint64_t on_main = number;
    CHECK_FALSE(is_waiter(on_main));
    CHECK_FALSE(is_on_side(on_main));
    CHECK_FALSE(is_wait_for_fetch(on_main));

    const std::uint64_t of_fetch = first_wait + number;
    CHECK(is_wait_for_fetch(of_fetch));
    CHECK_FALSE(is_waiter(of_fetch));
    CHECK_FALSE(is_on_side(of_fetch));

    const std::uint64_t for_room = room_waiters + number;
    CHECK(is_waiter(for_room));
    CHECK_FALSE(is_waiter_for_connection(for_room));
    CHECK(waiter_number(for_room) == number);

    const std::uint64_t for_connection = connection_waiters + number;
    CHECK(is_waiter(for_connection));
    CHECK(is_waiter_for_connection(for_connection));
    CHECK(waiter_number(for_connection) == number);
  }
}

TEST_CASE("the layouts are those that hosts and recordings know") {
  using namespace request_ids;
  CHECK(on_side(3, 5, 7) == ((std::uint64_t{3} << 56) | (std::uint64_t{5} << 44) | 7));
  CHECK(first_wait == std::uint64_t{1} << 55);
  CHECK(room_waiters == std::uint64_t{1} << 63);
  CHECK(connection_waiters == std::uint64_t{3} << 62);
  CHECK(tags::fetch_first == 0xffff'0000'0000'0000);
  CHECK(tags::internal_first == 0xffff'ffff'ffff'ff00);
}

TEST_CASE("an id is the same behind its two words") {
  using namespace request_ids;
  const std::uint64_t id = on_side(63, 2047, 0xfff'8765'4321);
  CHECK(of_words(high_word(id), low_word(id)) == id);
  CHECK(of_words(1, 2) == 0x1'0000'0002);
}

TEST_CASE("a fetch is found again by its tag, which is neither a user's nor the client's own") {
  const std::array<int, 2> things{};
  for (const int& thing : things) {
    const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&thing));
    CHECK_FALSE(tags::is_fetch(address));
    CHECK(tags::is_fetch(tags::of_fetch(address)));
    CHECK(tags::address_of_fetch(tags::of_fetch(address)) == address);
  }
  CHECK_FALSE(tags::is_fetch(tags::internal_first));
  CHECK_FALSE(tags::is_fetch(UINT64_MAX));
}

TEST_CASE("a host's number says whether it waits for messages") {
  for (const std::uint32_t number : {0u, 1u, UINT32_MAX}) {
    const std::uint64_t waits = tags::of_message_wait(number);
    CHECK(tags::is_message_wait(waits));
    CHECK_FALSE(tags::is_message_wait(number));
    CHECK(static_cast<std::uint32_t>(waits) == number);
    CHECK_FALSE(tags::is_fetch(waits));
  }
}

}  // namespace
}  // namespace plimsoll::testing::packed_id_test
