#include "plimsoll/tests/core/client/pair.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing {

void Pair::connect() {
  end.connect();
  drive();
  REQUIRE(end.take_events() == Lines{"ready"});
}

void Pair::reconnect() {
  end.wait_for_open();
  drive();
}

std::size_t Pair::deliver() {
  undelivered += peer.take_output();
  if (end.link() != ClientEnd::Link::open) {
    undelivered.clear();
    return 0;
  }
  const std::size_t received = end.receive(undelivered);
  undelivered.erase(0, received);
  return received;
}

void Pair::drive() {
  bool moved = true;
  while (moved) {
    moved = false;
    if (end.link() == ClientEnd::Link::opening) {
      peer.reset();
      undelivered.clear();
      end.open();
      moved = true;
    }
    if (end.link() == ClientEnd::Link::open && !end.writing()) {
      const std::string written = end.write();
      peer.handle_bytes(written);
      moved = moved || !written.empty();
    }
    moved = deliver() > 0 || moved;
  }
}

}  // namespace plimsoll::testing
