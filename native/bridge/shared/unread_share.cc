#include "plimsoll/native/bridge/shared/unread_share.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace plimsoll::bridge {

struct UnreadShare::Round {
  std::vector<Thread> threads;
  std::size_t asked = 0;
  std::uint64_t greatest = 0;
  std::size_t with_greatest = 0;
  bool has_seen_room = false;  // some thread was not asked, since there was room again
};

void UnreadShare::add(Thread thread) {
  const std::lock_guard lock(mutex_);
  threads_.push_back(std::move(thread));
}

void UnreadShare::remove(const std::shared_ptr<Sessions*>& sessions) {
  const std::lock_guard lock(mutex_);
  std::erase_if(threads_, [&sessions](const Thread& each) { return each.sessions == sessions; });
}

void UnreadShare::take(std::size_t bytes) {
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  begin_round_if_needed();
}

void UnreadShare::begin_round() {
  const auto round = std::make_shared<Round>();
  {
    const std::lock_guard lock(mutex_);
    round->threads = threads_;
  }
  ask_next(round);
}

void UnreadShare::ask_next(const std::shared_ptr<Round>& round) {
  if (round->asked == round->threads.size()) return drop_greatest(round);
  const Thread& thread = round->threads[round->asked];
  boost::asio::post(thread.executor, [this, round, sessions = thread.sessions] {
    if (*sessions != nullptr) (*sessions)->report();
    const bool is_asked = *sessions != nullptr && are_too_many();
    const std::uint64_t burden = is_asked ? (*sessions)->greatest_burden() : 0;
    if (!is_asked) round->has_seen_room = true;
    if (burden > round->greatest) {
      round->greatest = burden;
      round->with_greatest = round->asked;
    }
    ++round->asked;
    ask_next(round);
  });
}

void UnreadShare::drop_greatest(const std::shared_ptr<Round>& round) {
  if (round->greatest == 0) {
    is_round_under_way_.store(false);
    // If all were asked and nobody has a burden, nobody can give anything back.
    if (round->has_seen_room) begin_round_if_needed();
    return;
  }
  const Thread& thread = round->threads[round->with_greatest];
  boost::asio::post(thread.executor, [this, sessions = thread.sessions] {
    if (*sessions != nullptr && are_too_many()) (*sessions)->drop_greatest();
    end_round();
  });
}

void UnreadShare::end_round() {
  if (are_too_many()) return begin_round();
  is_round_under_way_.store(false);
  begin_round_if_needed();
}

// Also at the end of a round: a thread may have come to the bound after it was looked at, and have
// found the round under way.
void UnreadShare::begin_round_if_needed() {
  if (are_too_many() && !is_round_under_way_.exchange(true)) begin_round();
}

}  // namespace plimsoll::bridge
