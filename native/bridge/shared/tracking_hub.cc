#include "plimsoll/native/bridge/shared/tracking_hub.h"

#include <chrono>
#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/cache/cache.h"

namespace plimsoll::bridge {
namespace {

// What a text among the news costs.
std::size_t news_bytes(std::string_view key) { return sizeof(std::string) + 16 + key.size(); }

}  // namespace

TrackingHub::TrackingHub(boost::asio::any_io_executor executor,
                         std::shared_ptr<native::ClientSideCache> cache, bool is_cluster,
                         Account& account, std::size_t memory_limit)
    : executor_(std::move(executor)),
      cache_(std::move(cache)),
      account_(account),
      bytes_max_(memory_limit / part),
      keys_(account, is_cluster),
      timer_(executor_),
      news_charge_(account) {
  cache_->shared().core().set_watcher(this);
}

TrackingHub::~TrackingHub() {
  cache_->shared().core().set_watcher(nullptr);
  *self_ = nullptr;
}

// ---- What listeners hold

bool TrackingHub::add(TrackingListener& listener) { return keys_.add_holder(listener) != nullptr; }

void TrackingHub::remove(const TrackingListener& listener) {
  if (KeyHolder* const holder = keys_.find(listener)) keys_.erase(*holder);
}

bool TrackingHub::hold(TrackingListener& listener, std::string_view key) {
  KeyHolder* const holder = keys_.find(listener);
  PLIMSOLL_CHECK(holder != nullptr);
  if (!keys_.hold(*holder, key)) return false;
  while (holder->keys.size() > 1 && (holder->keys.size() > keys_max || are_too_many())) {
    forget_oldest(*holder);
  }
  if (!are_too_many()) return true;
  keys_.release(*holder);
  return false;
}

void TrackingHub::forget_oldest(KeyHolder& holder) {
  HeldKey& oldest = *holder.oldest;
  const PushBytes push = EncodedPush::invalidation(account_, std::span(&oldest.key->text, 1));
  keys_.erase(oldest);
  ++counts_.invalidations;
  holder.listener->handle_invalidation(push);
}

void TrackingHub::flush_all() {
  PushBytes push;
  keys_.for_each_holder([&](KeyHolder& holder) {
    if (holder.keys.empty()) return;
    if (push == nullptr) push = EncodedPush::invalidation_of_all(account_);
    keys_.release(holder);
    ++counts_.flushes;
    holder.listener->handle_invalidation(push);
  });
}

// ---- What the cache tells

void TrackingHub::handle_erased(std::string_view key) { add_news(news_, key, news_bytes(key)); }

void TrackingHub::handle_slot_dropped(std::uint16_t slot) {
  add_news(news_slots_, slot, sizeof(slot));
}

template <class News, class New>
void TrackingHub::add_news(News& news, New added, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (are_all_news_) return;
  if (news.size() < news_keys_max && news_charge_.grow(bytes)) {
    news.emplace_back(added);
  } else {
    are_all_news_ = true;
  }
  wake();
}

void TrackingHub::handle_out_of_reach() {
  const std::lock_guard lock(mutex_);
  are_all_news_ = true;
  wake();
}

void TrackingHub::wake() {
  if (has_news_.exchange(true, std::memory_order_acq_rel)) return;
  boost::asio::post(executor_, [self = self_] {
    if (*self != nullptr) (*self)->deliver();
  });
}

void TrackingHub::deliver_news() {
  std::vector<std::string> news;
  std::vector<std::uint16_t> slots;
  Charge charge;
  bool are_all = false;
  {
    const std::lock_guard lock(mutex_);
    has_news_.store(false, std::memory_order_release);
    news = std::exchange(news_, {});
    slots = std::exchange(news_slots_, {});
    charge = news_charge_.split(news_charge_.bytes());
    are_all = std::exchange(are_all_news_, false);
  }
  if (are_all) return flush_all();
  for (const std::string& text : news) {
    if (TrackedKey* const key = keys_.find(text)) tell(*key);
  }
  for (const std::uint16_t slot : slots) {
    while (TrackedKey* const key = keys_.find_in(slot)) tell(*key);
  }
}

// The key is gone afterwards.
void TrackingHub::tell(TrackedKey& key) {
  const PushBytes push = EncodedPush::invalidation(account_, std::span(&key.text, 1));
  for (HeldKey* held = key.held; held != nullptr;) {
    TrackingListener& listener = *held->holder->listener;
    keys_.erase(*std::exchange(held, held->next));  // the last one with the key
    ++counts_.invalidations;
    listener.handle_invalidation(push);
  }
}

void TrackingHub::check() {
  const Instant now(std::chrono::steady_clock::now().time_since_epoch());
  if (cache_->shared().core().withholds_watched(now)) flush_all();
}

// ---- Proofs

void TrackingHub::prove(std::function<void()> done) {
  const auto proof =
      std::make_shared<Proof>(Proof{.mark = cache_->shared().core().next_mark(),
                                    .until = std::chrono::steady_clock::now() + proof_wait_max,
                                    .done = std::move(done)});
  proofs_.push_back(proof);
  if (!is_timer_set_) await_proofs();
  cache_->barrier(boost::asio::bind_executor(
      executor_, [self = self_, proof](const native::Result<void>& proved) {
        if (*self != nullptr) (*self)->finish(*proof, proved.has_value());
      }));
}

// Before `done`, listeners hear of all that was proved, or is not believed any more. In front of
// proofs_ there is none that is over.
void TrackingHub::finish(Proof& proof, bool is_proved) {
  if (!proof.done) return;
  if (!is_proved) cache_->shared().core().drop_unproved(proof.mark);
  deliver();
  std::exchange(proof.done, nullptr)();
  while (!proofs_.empty() && !proofs_.front()->done) proofs_.pop_front();
}

// The timer is not set anew for each proof: it looks, when it fires, what is still to be waited
// for.
void TrackingHub::await_proofs() {
  is_timer_set_ = !proofs_.empty();
  if (!is_timer_set_) return;
  timer_.expires_at(proofs_.front()->until);
  timer_.async_wait([self = self_](const boost::system::error_code& problem) {
    if (problem || *self == nullptr) return;
    TrackingHub& hub = **self;
    const auto now = std::chrono::steady_clock::now();
    while (!hub.proofs_.empty() && hub.proofs_.front()->until <= now) {
      const std::shared_ptr<Proof> late = hub.proofs_.front();
      hub.finish(*late, false);
    }
    hub.await_proofs();
  });
}

TrackingHub::Statistics TrackingHub::statistics() const {
  Statistics now = counts_;
  now.listeners = keys_.holders_count();
  now.keys = keys_.held_count();
  return now;
}

}  // namespace plimsoll::bridge
