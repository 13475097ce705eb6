#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "plimsoll/tests/sim/ledger.h"
#include "plimsoll/tests/sim/referee.h"

namespace plimsoll::sim {

/// Part of the books: what concerns one kind of thing, held against what users are told of it.
class Book {
 public:
  explicit Book(Referee& referee) : referee_(referee) {}

 protected:
  void require(bool holds, const char* property, RequestNumber number) {
    referee_.require(holds, property, "request", number);
  }

 private:
  Referee& referee_;
};

/// Where a key is.
struct Place {
  std::uint32_t server = 0;
  int database = 0;
  std::string key;
  // Emscripten's library cannot compare strings by <=>.
  friend bool operator<(const Place& a, const Place& b) {
    return std::tie(a.server, a.database, a.key) < std::tie(b.server, b.database, b.key);
  }
};

}  // namespace plimsoll::sim
