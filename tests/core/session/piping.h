#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/tests/core/session/request_memory.h"

// A Pipeline and what is around it: memory, a transport that takes text, and outcomes as text.

namespace plimsoll::testing {

using Lines = std::vector<std::string>;

class Piping {
 public:
  explicit Piping(std::uint32_t requests_max = 1000, const BudgetOptions& options = {})
      : Piping(Pipeline::Options{.requests_max = requests_max}, options) {}
  explicit Piping(const Pipeline::Options& options, const BudgetOptions& budget = {})
      : memory_(budget), pipeline_(*memory_.account, options) {}

  Pipeline& pipeline() { return pipeline_; }
  RequestMemory& memory() { return memory_; }

  /// Stages a request of these bytes, which must be accepted.
  RequestId submit(std::string_view bytes, Tag tag, Instant deadline = never);
  /// One that changes nothing on the server.
  RequestId submit_read(std::string_view bytes, Tag tag, Instant deadline = never);

  /// What the transport is given, at most `spans_max` spans of it.
  std::string transmit(std::size_t spans_max = 64);

  /// What the transport is given and takes.
  std::string write(std::size_t spans_max = 64);

  /// The tag of the request whose reply has come, "tombstone", or "nothing" where none is due.
  std::string reply();

  /// "1 timed_out maybe": every request that has ended by now, in order.
  Lines ended();

  /// The connection is lost and there is another: which requests ended with the old one.
  Lines reconnect();

  /// Which ended with the last connection, and with all that was staged.
  Lines lost();

 private:
  RequestMemory memory_;
  Pipeline pipeline_;
};

/// "1 timed_out maybe".
std::string show(const Ended& ended);

}  // namespace plimsoll::testing
