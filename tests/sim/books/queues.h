#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "plimsoll/tests/sim/books/book.h"

// Elements of lists that users push and pop: each is taken once at most, told to whom it was taken
// for and to nobody else, and lost only where that is in doubt.

namespace plimsoll::sim {

class Queues : public Book {
 public:
  using Book::Book;

  /// A server has taken `element` for request `number`; or nothing, and has said so.
  void note_taken(RequestNumber number, std::string_view element);

  /// What the user was told: an element, or nothing.
  void note_told(RequestNumber number, std::string_view element, bool truthful);
  /// That it ended without a reply.
  void note_ended(RequestNumber number, Executed executed, bool truthful);

 private:
  enum class Claim : std::uint8_t { none, took_nothing };

  std::map<RequestNumber, std::string> taken_;
  std::map<RequestNumber, Claim> claims_;
  std::set<std::string, std::less<>> elements_;  // that were taken
};

}  // namespace plimsoll::sim
