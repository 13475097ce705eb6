#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/tests/sim/books/book.h"

// Messages, each with its place among those that a server was given for its channel.

namespace plimsoll::sim {

class Channels : public Book {
 public:
  using Book::Book;

  void note_published(std::uint32_t server, std::string_view channel, RequestNumber number);

  /// How many there were so far.
  std::uint64_t published(std::uint32_t server, std::string_view channel) const;
  /// From 1; 0: there was no such message on this channel.
  std::uint64_t place_of(std::uint32_t server, std::string_view channel,
                         RequestNumber number) const;

 private:
  using Channel = std::pair<std::uint32_t, std::string>;

  std::map<Channel, std::uint64_t> counts_;
  std::map<RequestNumber, std::pair<Channel, std::uint64_t>> places_;
};

}  // namespace plimsoll::sim
