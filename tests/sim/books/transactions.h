#pragma once

#include <map>
#include <vector>

#include "plimsoll/tests/sim/books/book.h"
#include "plimsoll/tests/sim/client/request.h"

// Transactions: all commands of one run in one EXEC, in their order, with nothing between them; and
// what was watched had not changed.

namespace plimsoll::sim {

class Transactions : public Book {
 public:
  using Book::Book;

  /// A server has run an EXEC that ends request `number`, and these commands in it.
  void note_run(RequestNumber number, const std::vector<Mark>& ran);
  /// A command of a transaction ran by itself.
  void note_run_outside(RequestNumber number) {
    require(false, "a command of a transaction runs only in it", number);
  }

  // Of keys that are watched: optimistic locks.

  void note_written(const Place& place, RequestNumber writer);
  /// WATCH request `number` was run on that connection.
  void note_watched(RequestNumber number, const Place& place, std::uint64_t connection);
  /// `transaction` was asked for behind that WATCH, and behind a GET that told of `read`.
  void note_lock(RequestNumber transaction, RequestNumber watch, RequestNumber read);
  /// EXEC is about to run on that connection: what was watched is as it was.
  bool may_commit(RequestNumber transaction, std::uint64_t connection);
  void note_exec(RequestNumber transaction, bool ran, bool might);
  void note_data_lost(std::uint32_t server);
  /// FLUSHDB: what was not there has not changed.
  void note_flushed(std::uint32_t server, int database);

 private:
  struct Key {
    RequestNumber writer = 0;
    std::uint64_t changes = 0;
  };
  struct Watched {
    Place place;
    std::uint64_t changes = 0;
    std::uint64_t connection = 0;
  };
  struct Lock {
    RequestNumber watch = 0;
    RequestNumber read = 0;
  };

  std::map<Place, Key> keys_;
  std::map<RequestNumber, Watched> watches_;
  std::map<RequestNumber, Lock> locks_;
};

}  // namespace plimsoll::sim
