#include "plimsoll/core/cache/generations.h"

#include <new>
#include <span>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::cache {

std::uint32_t Generations::add_member() {
  for (std::uint32_t member = 1; member < members_max; ++member) {
    const std::uint32_t index = member / members_per_chunk;
    if (chunks_[index].load(std::memory_order_relaxed) == nullptr) {
      blocks_[index] = Block::allocate(account_, members_per_chunk * sizeof(Member));
      if (!blocks_[index]) return untracked;
      auto* const chunk = static_cast<Member*>(blocks_[index].data());
      for (std::uint32_t i = 0; i < members_per_chunk; ++i) new (&chunk[i]) Member();
      chunks_[index].store(chunk, std::memory_order_release);
    }
    if (at(member).taken) continue;
    at(member).taken = true;
    return member;
  }
  return untracked;
}

void Generations::remove_member(std::uint32_t member) {
  end(member);
  at(member).taken = false;
}

void Generations::end(std::uint32_t member) {
  at(member).readable.store(false, std::memory_order_release);
  end(at(member));
}

void Generations::suspend(std::uint32_t member) {
  at(member).readable.store(false, std::memory_order_release);
  forget_proofs(at(member));
  note_end();
  report_if_watched(at(member));
}

void Generations::end(Member& ended) {
  forget_proofs(ended);
  ended.id.fetch_add(1, std::memory_order_seq_cst);
  note_end();
  report_if_watched(ended);
}

void Generations::forget_proofs(Member& member) {
  member.proved_at.store(Duration::min().count(), std::memory_order_release);
  member.proved_mark.store(0, std::memory_order_release);
}

void Generations::report_if_watched(Member& member) {
  const bool was_watched =
      may_be_watched() && member.is_watched.exchange(false, std::memory_order_seq_cst);
  if (was_watched) report_to_watcher();
}

template <class Visit>
void Generations::for_each_member(Visit&& visit) {
  for (const std::atomic<Member*>& each : chunks_) {
    Member* const chunk = each.load(std::memory_order_acquire);
    if (chunk == nullptr) return;
    for (Member& member : std::span(chunk, members_per_chunk)) visit(member);
  }
}

void Generations::end_unproved(Mark mark) {
  for_each_member([&](Member& member) {
    if (member.proved_mark.load(std::memory_order_acquire) <= mark) end(member);
  });
}

bool Generations::forget_watched_before(Instant since) {
  bool any = false;
  for_each_member([&](Member& member) {
    const Duration proved_at(member.proved_at.load(std::memory_order_acquire));
    const bool is_old = proved_at < since.time_since_epoch();
    if (is_old && member.is_watched.exchange(false, std::memory_order_relaxed)) any = true;
  });
  return any;
}

// Only the member's client calls this, so no other thread can store between the load and the store.
void Generations::prove(std::uint32_t member, Instant at, Mark mark) {
  Member& proved = this->at(member);
  const Duration::rep time = at.time_since_epoch().count();
  if (time > proved.proved_at.load(std::memory_order_relaxed)) {
    proved.proved_at.store(time, std::memory_order_release);
  }
  if (mark > proved.proved_mark.load(std::memory_order_relaxed)) {
    proved.proved_mark.store(mark, std::memory_order_release);
  }
}

void Generations::set_readable(std::uint32_t member, bool readable) {
  at(member).readable.store(readable, std::memory_order_release);
}

}  // namespace plimsoll::inline v0::cache
