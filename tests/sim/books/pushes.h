#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/books/book.h"

// What servers pushed to each connection, in its order: messages by their number, and what is no
// message. Held against what listeners are told, and told to have lost.

namespace plimsoll::sim {

class Pushes : public Book {
 public:
  using Book::Book;

  /// The pushes of messages in what a server sends on that connection.
  void note_sent(std::uint64_t connection, std::string_view bytes);
  void note_other(std::uint64_t connection) { sent_[connection].push_back(0); }

  /// How many there were on that connection.
  std::size_t count(std::uint64_t connection) const;
  /// Which one it was, from 0.
  std::optional<std::size_t> place_of(std::uint64_t connection, RequestNumber number) const;
  bool is_at(std::uint64_t connection, std::size_t place, RequestNumber number) const;

 private:
  const std::vector<RequestNumber>* find(std::uint64_t connection) const;

  std::map<std::uint64_t, std::vector<RequestNumber>> sent_;
};

}  // namespace plimsoll::sim
