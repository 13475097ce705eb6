#include "plimsoll/native/runtime/sleepers.h"

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#endif

namespace plimsoll::inline v0::native {

#ifdef __linux__

static_assert(sizeof(std::atomic<Sleepers::Ticket>) == sizeof(Sleepers::Ticket));

void Sleepers::sleep(Ticket ticket, unsigned place) {
  ::syscall(SYS_futex, &word_, FUTEX_WAIT_BITSET_PRIVATE, ticket, nullptr, nullptr,
            Places{1} << place);
}

void Sleepers::wake(Places places) {
  word_.fetch_add(1, std::memory_order_seq_cst);
  ::syscall(SYS_futex, &word_, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, nullptr, nullptr, places);
}

#else

void Sleepers::sleep(Ticket ticket, unsigned /*place*/) { word_.wait(ticket); }

void Sleepers::wake(Places /*places*/) {
  word_.fetch_add(1, std::memory_order_seq_cst);
  word_.notify_all();
}

#endif

}  // namespace plimsoll::inline v0::native
