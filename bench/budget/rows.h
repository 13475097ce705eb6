#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

// The work whose costs bench/budget.toml holds, a row each. A row advances in steps: a step of our
// code, which is counted, then a step of its server, which is not. Both run in one thread, so how
// many requests share a turn does not depend on the scheduler.

namespace plimsoll::bench {

class Row {
 public:
  virtual ~Row() = default;

  /// Does the next piece of our code's work. Never waits for more than serve() has sent.
  virtual void step() = 0;

  /// Does the server's part of the work.
  virtual void serve() {}

  /// How many requests have ended so far; of the parser, replies that were read.
  std::size_t completed() const { return completed_; }

 protected:
  std::size_t completed_ = 0;
};

struct RowKind {
  const char* name;            ///< as in budget.toml
  std::size_t requests_count;  ///< counted requests: enough that one turn more or less is nothing
  std::unique_ptr<Row> (*make)();
};

/// All rows, in the order in which they are shown.
std::span<const RowKind> row_kinds();

/// Returns what the accounts say that an idle client holds: 100 clients more, divided by 100.
std::uint64_t idle_client_bytes();

}  // namespace plimsoll::bench
