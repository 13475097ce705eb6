#pragma once

#include <atomic>
#include <cstdint>

namespace plimsoll::inline v0::native {

/// Where threads sleep, each in one of 32 places. One call wakes all threads of any selection of
/// places. On Linux that is one system call, which wakes no others; elsewhere it wakes all.
class Sleepers {
 public:
  /// A bit for each place.
  using Places = std::uint32_t;
  static constexpr unsigned places_count = 32;

  using Ticket = std::uint32_t;

  /// Take a ticket, then look whether there still is a reason to sleep, then sleep(): so a wake()
  /// in between is not missed.
  Ticket ticket() const { return word_.load(std::memory_order_seq_cst); }

  /// Sleeps until a wake() for this place. May return sooner.
  void sleep(Ticket ticket, unsigned place);

  void wake(Places places);

 private:
  std::atomic<Ticket> word_ = 0;
};

}  // namespace plimsoll::inline v0::native
