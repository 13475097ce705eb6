#pragma once

// The job, whatever the client: events are read, up to 100 at a time are worked on by a pool of
// threads. Each takes some processor time, asks for all its keys at once, and writes a result made
// of body and values.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "plimsoll/bench/burst/plan.h"
#include "plimsoll/bench/burst/stealing_pool.h"
#include "plimsoll/bench/burst/store.h"

namespace plimsoll::bench {

inline constexpr std::size_t events_at_once_max = 100;
inline constexpr std::size_t threads_count = 4;

/// What a program does with an event besides, of one thread's processor time.
inline constexpr std::chrono::microseconds work_time{75};

/// When more events are asked for: while there is room among the 100, or as soon as the last ones
/// have come, which is how it is usually written: those that nobody works on yet wait in a queue
/// without a bound.
enum class Reading { while_room, always };

class Job final : public StoreUser {
 public:
  Job(Plan plan, Reading reading) : plan_(plan), reading_(reading) {}
  ~Job() override = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// The store outlives the job's use of it.
  void start(Store& store);

  std::uint64_t done_count() const { return done_; }
  /// What the job itself keeps: events that wait or are worked on, as the allocator has them.
  std::size_t bytes() const { return bytes_; }
  std::size_t bytes_peak() const { return bytes_peak_; }

  void handle_events(std::vector<Event> events) override;
  void handle_value(Work& work, std::string_view value) override;
  void handle_written(Work& work) override;

 private:
  void read_on();
  void start_some();
  void begin(Work& work);
  void count_reply(Work& work);
  void finish(Work& work);
  void add_bytes(std::size_t bytes);

  const Plan plan_;
  const Reading reading_;
  Store* store_ = nullptr;

  std::mutex mutex_;
  std::deque<std::unique_ptr<Work>> waiting_;
  std::size_t under_way_ = 0;
  bool is_asking_ = false;

  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> bytes_peak_{0};

  // Last: its threads use all of the above.
  StealingPool pool_{threads_count};
};

}  // namespace plimsoll::bench
