#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/tests/sim/ledger.h"

// The book of the order in which a caller's writes to one key run, over all servers of a cluster. A
// write may run before an earlier one only if a server has refused that on the same connection, and
// the client submitted the later one before it had read of that: then both were under way.

namespace plimsoll::sim {

class OrderBook {
 public:
  void note_submitted(std::uint32_t caller, std::string_view key, RequestNumber number);
  /// It has an outcome, so nothing waits for it.
  void note_ended(RequestNumber number);

  /// A server has refused it on this connection, with a reply that ends behind so many bytes.
  void note_refused(RequestNumber number, std::uint64_t link, std::uint64_t end);
  /// The client reads so many bytes more of this connection.
  void note_read(std::uint64_t link, std::uint64_t bytes);

  /// A server runs it. Returns the earlier write that it has overtaken; 0: none.
  RequestNumber note_run(RequestNumber number, std::uint64_t link);

 private:
  struct Refusal {
    std::uint64_t link;
    std::uint64_t end;
    std::uint64_t heard_at;  // 0: not yet
  };
  struct Write {
    std::pair<std::uint32_t, std::string> place;
    std::uint64_t submitted_at = 0;
    bool has_run = false;
    std::vector<Refusal> refusals;
  };

  static bool is_excused(const Write& earlier, const Write& later, std::uint64_t link);

  std::uint64_t clock_ = 0;  // counts what happens
  std::map<RequestNumber, Write> pending_;
  std::map<std::uint64_t, std::uint64_t> read_;  // by link
};

}  // namespace plimsoll::sim
