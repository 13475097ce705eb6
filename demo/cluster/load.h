// All that uses the cluster through the client while something is done to it: the walk, which reads
// this machine's packages again and again, and callers that write (writer.h). They have a thread of
// their own from begin() on, and so a client each: the walk's may send a read twice, theirs may
// not.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "plimsoll/demo/closure.h"
#include "plimsoll/demo/cluster/steady_store.h"
#include "plimsoll/demo/cluster/tally.h"
#include "plimsoll/demo/cluster/writer.h"
#include "plimsoll/demo/connection.h"
#include "plimsoll/demo/model.h"
#include "plimsoll/demo/report.h"
#include "plimsoll/demo/verdict.h"
#include "plimsoll/demo/window.h"

namespace plimsoll::demo {

struct LoadOptions {
  std::string url;
  std::string memory_limit;                 // empty: the client's default
  std::size_t reads_per_second_max = 0;     // of the walk
  std::vector<std::uint16_t> caller_slots;  // a caller for each
};

class Load {
 public:
  /// Connects. Throws native::Error. Model and io must outlive this.
  Load(boost::asio::io_context& io, const Model& model, const LoadOptions& options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Writes all packages, in this thread. Throws std::runtime_error with what has failed.
  Timing fill();

  void begin();

  /// Ends the walk and the callers, which compare their lists once more, and waits so long for
  /// that. Returns why the load did not come to this end; empty if it did.
  std::string end(std::chrono::milliseconds patience);

  /// Calls `act` in the load's thread, and waits for it. Throws std::runtime_error if the load has
  /// ended by itself.
  void in(const std::function<void()>& act);

  // Call these in the load's thread, or behind end().

  [[nodiscard]] Tally& tally() { return tally_; }
  [[nodiscard]] native::Client& client() { return writers_client_; }
  [[nodiscard]] const Verdict& verdict() const { return verdict_; }
  [[nodiscard]] std::size_t walks_count() const { return walks_count_; }

  /// The primary of these slots was killed.
  void primary_died(const Slots& slots);

  struct Written {
    Findings findings;
    std::size_t lists = 0;
    std::size_t not_compared = 0;
    std::vector<std::string> complaints;
  };
  [[nodiscard]] Written written() const;

  /// Both clients together.
  [[nodiscard]] native::Statistics statistics() const;

 private:
  void run();
  void walk();
  bool is_done() const;

  boost::asio::io_context& io_;
  const Model& model_;
  Closures closures_;
  Plan plan_;
  Verdict verdict_;
  Tally tally_;
  Connection walkers_connection_;
  native::Client writers_client_;
  SteadyStore store_;
  Window window_;
  std::deque<Writer> writers_;
  std::size_t walks_count_ = 0;
  std::string problem_;
  bool is_stopping_ = false;
  Tally::Clock::time_point end_by_ = Tally::Clock::time_point::max();
  std::atomic<bool> has_ended_ = false;
  std::thread thread_;
};

}  // namespace plimsoll::demo
