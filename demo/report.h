// What the demo prints: a label and a few lines for each part of its work, and one line at the end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/demo/closure.h"
#include "plimsoll/demo/inventory.h"
#include "plimsoll/demo/latencies.h"
#include "plimsoll/demo/model.h"
#include "plimsoll/demo/options.h"
#include "plimsoll/demo/verdict.h"
#include "plimsoll/demo/walks.h"

namespace plimsoll::demo {

/// How long a piece of work took, as a whole and for each request.
struct Timing {
  std::chrono::nanoseconds total{};
  Latencies latencies;
  std::size_t refused_count = 0;  // by the memory limit, and asked again
};

/// Bytes, at the end of a run.
struct MemoryFigures {
  struct Pool {
    std::string name;
    std::uint64_t peak = 0;
  };
  std::uint64_t limit = 0;
  std::uint64_t peak = 0;
  std::vector<Pool> pools;  // of the client's accounts
  std::uint64_t resident = 0;
  std::uint64_t resident_before = 0;  // before there was a client
  std::uint64_t server = 0;
};

/// What became of a burst of calls.
struct CallOutcomes {
  std::size_t done = 0;
  std::size_t refused = 0;  // by the memory limit
  std::size_t waited = 0;   // of those done
  std::string failure;      // the first other outcome, which there should not be
  std::chrono::nanoseconds total{};
};

struct BurstFigures {
  std::uint64_t limit = 0;
  std::uint64_t peak = 0;
  std::size_t value_bytes = 0;
  std::size_t large_value_bytes = 0;
  std::size_t callers_count = 0;
  CallOutcomes writes{};
  CallOutcomes reads{};
  CallOutcomes turns{};
  std::uint64_t resident = 0;
  std::uint64_t resident_before = 0;  // the burst
};

class Report {
 public:
  /// A terminal gets colours, and progress on a line that is written over; a file gets neither.
  enum class Target { terminal, file };

  Report(std::ostream& out, Target target) : out_(out), target_(target) {}

  void title() { title("this machine's Debian packages, in a server, walked by the client"); }
  void title(const std::string& what);
  void files(const Options& options, const Inventory& inventory);
  void server(const std::string& what, std::size_t in_flight_max);
  void load(const Model& model, const Timing& timing);
  void walk(const Model& model, const Plan& plan, const Walks::Summary& summary,
            const Timing& timing);
  void memory(const MemoryFigures& figures);
  void burst(const BurstFigures& figures);

  /// One line under a label; without a label it goes on from the line above.
  void line(std::string_view label, const std::string& text);

  /// What is being done just now, on a terminal; the next line takes its place.
  void progress(std::string_view label, const std::string& text);

  /// The last line. `stopped` says why the run did not come to its end; empty if it did.
  void end(const Verdict& verdict, const std::string& stopped);

  /// The last line of another kind of run.
  enum class Outcome { good, bad };
  void end(Outcome outcome, const std::string& text);

  /// The last line of a run that could not begin.
  void fail(const std::string& reason);

 private:
  void timing(std::string_view label, const std::string& what, const Timing& timing);
  void begin_line(std::string_view label);
  void begin_last_line(std::string_view colour);
  [[nodiscard]] std::string_view style(std::string_view code) const;

  std::ostream& out_;
  Target target_;
};

}  // namespace plimsoll::demo
