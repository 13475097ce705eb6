#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

// What the sessions of all threads hold for clients that have not taken it, which is bounded for
// all of them together. When it is too much, a round asks each thread for its greatest burden, and
// the one with the greatest of all drops that. Thread-safe.
//
//   take() -- too much --> ask thread 1 --> ask thread 2 ... --> drop one in that thread
//                            ^                                         |
//                            +-------------- still too much -----------+

namespace plimsoll::bridge {

class UnreadShare {
 public:
  /// The sessions of a thread. Called in that thread.
  class Sessions {
   public:
    /// Reports the bytes of now.
    virtual void report() = 0;
    /// 0: nobody can give anything back.
    virtual std::uint64_t greatest_burden() const = 0;
    virtual void drop_greatest() = 0;

   protected:
    ~Sessions() = default;
  };

  /// The part of the memory line that they may take: one in so many.
  static constexpr std::size_t part = 8;

  UnreadShare(std::size_t memory_limit, std::size_t threads)
      : bytes_max_(memory_limit / part), step_(bytes_max_ / (64 * threads)) {}
  UnreadShare(const UnreadShare&) = delete;
  UnreadShare& operator=(const UnreadShare&) = delete;

  /// `sessions` points to null once they are gone, and is read in their thread only.
  struct Thread {
    boost::asio::any_io_executor executor;
    std::shared_ptr<Sessions*> sessions;
  };
  void add(Thread thread);
  void remove(const std::shared_ptr<Sessions*>& sessions);

  /// A thread reports its bytes when they have changed by so many since it did last: if each reply
  /// were reported, threads would wait for each other. So all together may have a 64th more.
  std::size_t step() const { return step_; }

  /// So many bytes more. If they are too many, a round begins, but not within this call.
  void take(std::size_t bytes);
  void give_back(std::size_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  struct Round;

  bool are_too_many() const { return bytes_.load(std::memory_order_relaxed) > bytes_max_; }
  void begin_round_if_needed();
  void begin_round();
  void ask_next(const std::shared_ptr<Round>& round);
  void drop_greatest(const std::shared_ptr<Round>& round);
  void end_round();

  const std::size_t bytes_max_;
  const std::size_t step_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<bool> is_round_under_way_{false};
  std::mutex mutex_;
  std::vector<Thread> threads_;
};

}  // namespace plimsoll::bridge
