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

TrackingHub::TrackingHub(boost::asio::any_io_executor executor, std::shared_ptr<TrackingHubs> hubs,
                         bool is_cluster, Account& account, std::size_t memory_limit)
    : executor_(std::move(executor)),
      hubs_(std::move(hubs)),
      cache_(hubs_->cache()),
      account_(account),
      bytes_max_(memory_limit / part),
      names_bytes_max_(memory_limit / names_part),
      number_(hubs_->reserve()),
      names_(account, number_),
      keys_(account, is_cluster),
      timer_(executor_),
      news_charge_(account) {
  hubs_->add(number_, {.watcher = this, .executor = executor_, .self = self_});
}

TrackingHub::~TrackingHub() {
  hubs_->remove(number_);
  *self_ = nullptr;
}

// ---- What listeners hold

bool TrackingHub::add(TrackingListener& listener) {
  if (keys_.add_holder(listener) == nullptr) return false;
  const std::lock_guard lock(mutex_);
  has_holders_ = true;
  return true;
}

void TrackingHub::remove(const TrackingListener& listener) {
  if (KeyHolder* const holder = keys_.find(listener)) erase(*holder);
}

void TrackingHub::erase(KeyHolder& holder) {
  names_.forget(holder);
  keys_.erase(holder);
  if (keys_.has_holders()) return;
  const std::lock_guard lock(mutex_);
  has_holders_ = false;
}

bool TrackingHub::hold(TrackingListener& listener, std::string_view key) {
  KeyHolder* const holder = keys_.find(listener);
  PLIMSOLL_CHECK(holder != nullptr);
  // Others would make room in vain.
  if (TrackedKeys::key_bytes + key.size() > bytes_max_) return false;
  if (!keys_.hold(*holder, key)) return false;
  make_room_for(*holder);
  if (!are_too_many()) return true;
  keys_.release(*holder);
  return false;
}

// Those who hold most make room, so that nobody can take what others need: clients that are away
// first. The holder's newest key stays.
void TrackingHub::make_room_for(KeyHolder& holder) {
  while (holder.keys.size() > keys_max) forget_oldest(holder);
  while (are_too_many()) {
    KeyHolder& largest = *keys_.largest();
    if (largest.listener == nullptr) {
      erase(largest);
    } else if (largest.keys.size() > 1) {
      forget_oldest(largest);
    } else {
      return;
    }
  }
}

void TrackingHub::forget_oldest(KeyHolder& holder) {
  HeldKey& oldest = *holder.oldest;
  const PushBytes push = EncodedPush::invalidation(account_, std::span(&oldest.key->text, 1));
  keys_.erase(oldest);
  ++counts_.invalidations;
  pass_on(holder, push);
}

void TrackingHub::pass_on(KeyHolder& holder, const PushBytes& push) {
  if (holder.listener == nullptr) {
    add_missed(*holder.name, push);
  } else if (!holder.listener->handle_invalidation(push)) {
    names_.forget(holder);
  }
}

// If all together take too much, this client's own are forgotten: nobody pays for a stranger.
void TrackingHub::add_missed(HolderName& name, const PushBytes& message) {
  name.missed.add(message);
  if (are_names_too_many()) name.missed.forget_all();
}

void TrackingHub::flush_all() {
  PushBytes push;
  keys_.for_each_holder([&](KeyHolder& holder) {
    if (holder.keys.empty()) return;
    if (push == nullptr) push = EncodedPush::invalidation_of_all(account_);
    keys_.release(holder);
    ++counts_.flushes;
    pass_on(holder, push);
  });
}

// ---- Clients that come back

void TrackingHub::leave(const TrackingListener& listener) {
  KeyHolder* const holder = keys_.find(listener);
  if (holder == nullptr) return;
  if (holder->name == nullptr) return erase(*holder);
  keys_.detach(*holder);
  names_.leave(*holder, std::chrono::steady_clock::now());
}

bool TrackingHub::forget_longest_away() {
  KeyHolder* const longest = names_.longest_away();
  if (longest == nullptr) return false;
  erase(*longest);
  return true;
}

std::optional<TrackingHub::Named> TrackingHub::give_name(TrackingListener& listener,
                                                         std::string_view owner) {
  KeyHolder* const holder = keys_.find(listener);
  PLIMSOLL_CHECK(holder != nullptr);
  while (are_names_too_many() && forget_longest_away()) {
  }
  if (are_names_too_many() || !names_.give(*holder, owner)) return std::nullopt;
  return Named{.name = holder->name->text, .number = 0, .is_resumed = false};
}

// Finds the client of `name`, which is away now, also if the bridge had not noticed that; and all
// messages behind `number` are here. Null: it has to begin anew, on this connection at least.
KeyHolder* TrackingHub::take_away(std::string_view owner, std::string_view name,
                                  std::uint64_t number, std::uint64_t connection) {
  const KeyHolder* const found = names_.find(name, owner);
  const bool is_earlier = found != nullptr && found->listener != nullptr &&
                          found->listener->connection_number() < connection;
  if (is_earlier) {
    found->listener->handle_taken_over();
  }
  // That may have cost it its name.
  KeyHolder* const known = names_.find(name, owner);
  const bool is_away = known != nullptr && known->listener == nullptr;
  if (!is_away) return nullptr;
  if (known->name->missed.covers(number)) return known;
  erase(*known);
  return nullptr;
}

std::optional<TrackingHub::Named> TrackingHub::begin_anew(TrackingListener& listener,
                                                          std::string_view owner) {
  ++counts_.not_resumed;
  return give_name(listener, owner);
}

std::optional<TrackingHub::Named> TrackingHub::resume_here(TrackingListener& listener,
                                                           std::string_view owner,
                                                           std::string_view name,
                                                           std::uint64_t number) {
  KeyHolder* const known = take_away(owner, name, number, listener.connection_number());
  if (known == nullptr) return begin_anew(listener, owner);
  KeyHolder* const own = keys_.find(listener);
  names_.come_back(*known);
  keys_.detach(*own);
  keys_.attach(*known, listener);
  move_keys(*own, *known);
  erase(*own);
  if (known->name == nullptr) return give_name(listener, owner);  // no memory for a message
  // What is sent again is added to the same messages, but only when it leaves.
  for (const PushBytes& message : known->name->missed.behind(number)) pass_on(*known, message);
  if (known->name == nullptr) return give_name(listener, owner);
  ++counts_.resumed;
  return Named{
      .name = known->name->text, .number = known->name->missed.last_number(), .is_resumed = true};
}

void TrackingHub::move_keys(KeyHolder& from, KeyHolder& to) {
  while (from.oldest != nullptr) {
    const std::string key(from.oldest->key->text);
    keys_.erase(*from.oldest);
    hold_or_report(to, key);
  }
}

void TrackingHub::hold_or_report(KeyHolder& holder, std::string_view key) {
  if (keys_.hold(holder, key)) return;
  pass_on(holder, EncodedPush::invalidation(account_, std::span(&key, 1)));
}

// ---- Clients that come back in another thread

void TrackingHub::resume(TrackingListener& listener, std::string_view owner, std::string_view name,
                         std::uint64_t number, Resumed resumed) {
  const auto giver = HolderNames::hub_number_of(name);
  if (!giver || *giver == number_) return resumed(resume_here(listener, owner, name, number));
  const auto move = std::make_shared<Move>(Move{.listener = listener,
                                                .origin = number_,
                                                .owner = std::string(owner),
                                                .name = std::string(name),
                                                .number = number,
                                                .connection = listener.connection_number(),
                                                .resumed = std::move(resumed)});
  if (!ask(*giver, move, &TrackingHub::offer, &TrackingHub::take_keys)) take_keys(move);
}

// Calls one function in the thread of that hub, and then the other one in this thread. Behind the
// first one nothing of `move` is left there: what it keeps alive belongs to this thread.
bool TrackingHub::ask(std::uint8_t hub_number, MovePtr move, void (TrackingHub::*act)(Move&),
                      void (TrackingHub::*go_on)(const MovePtr&)) {
  return hubs_->post(
      hub_number, [move = std::move(move), hubs = hubs_, act, go_on](TrackingHub* hub) mutable {
        if (hub != nullptr) (hub->*act)(*move);
        const std::uint8_t origin = move->origin;
        hubs->post(origin, [move = std::move(move), go_on](TrackingHub* own) mutable {
          if (own != nullptr) (own->*go_on)(move);
        });
      });
}

void TrackingHub::offer(Move& move) {
  const KeyHolder* const known = take_away(move.owner, move.name, move.number, move.connection);
  if (known == nullptr) return;
  move.charge = Charge(account_);
  std::vector<std::string> keys;
  for (const HeldKey* held = known->oldest; held != nullptr; held = held->newer) {
    const std::string_view text = held->key->text;
    if (!move.charge.grow(sizeof(std::string) + text.size())) return;
    keys.emplace_back(text);
  }
  move.keys = std::move(keys);
}

void TrackingHub::take_keys(const MovePtr& move) {
  KeyHolder* const own = keys_.find(move->listener);
  if (own == nullptr) return;  // it has left, and its client comes back once more
  if (!move->keys) return move->resumed(begin_anew(move->listener, move->owner));
  // From now on the name goes if the client does not get a message that it should.
  if (!give_name(move->listener, move->owner)) return move->resumed(std::nullopt);
  for (const std::string& key : *move->keys) {
    hold_or_report(*own, key);
    make_room_for(*own);
  }
  // From here on this hub hears of all changes, and the other one has heard of all before.
  hubs_->wait_until_delivered();
  const std::uint8_t giver = *HolderNames::hub_number_of(move->name);
  if (!ask(giver, move, &TrackingHub::hand_over, &TrackingHub::take_messages)) take_messages(move);
}

void TrackingHub::hand_over(Move& move) {
  deliver();
  KeyHolder* const known = names_.find(move.name, move.owner);
  const bool is_away = known != nullptr && known->listener == nullptr;
  if (!is_away || !known->name->missed.covers(move.number)) return;
  move.messages = known->name->missed.behind(move.number);
  erase(*known);
}

void TrackingHub::take_messages(const MovePtr& move) {
  KeyHolder* const own = keys_.find(move->listener);
  if (own == nullptr) return;
  if (move->messages) {
    for (const PushBytes& message : *move->messages) pass_on(*own, message);
  }
  if (!move->messages || own->name == nullptr) {
    keys_.release(*own);
    return move->resumed(begin_anew(move->listener, move->owner));
  }
  ++counts_.resumed;
  move->resumed(Named{
      .name = own->name->text, .number = own->name->missed.last_number(), .is_resumed = true});
}

// Null: the listener has none.
HolderName* TrackingHub::name_of(const TrackingListener& listener) {
  KeyHolder* const holder = keys_.find(listener);
  return holder == nullptr ? nullptr : holder->name.get();
}

void TrackingHub::handle_sent(const TrackingListener& listener, const PushBytes& message) {
  if (HolderName* const name = name_of(listener)) add_missed(*name, message);
}

void TrackingHub::forget_name(const TrackingListener& listener) {
  if (KeyHolder* const holder = keys_.find(listener)) names_.forget(*holder);
}

void TrackingHub::handle_ping(const TrackingListener& listener) {
  if (HolderName* const name = name_of(listener)) name->missed.forget_until(name->answered);
}

void TrackingHub::handle_pong(const TrackingListener& listener) {
  if (HolderName* const name = name_of(listener)) name->answered = name->missed.last_number();
}

// ---- What the cache tells

void TrackingHub::handle_erased(std::string_view key) { add_news(news_, key, news_bytes(key)); }

void TrackingHub::handle_slot_dropped(std::uint16_t slot) {
  add_news(news_slots_, slot, sizeof(slot));
}

template <class News, class New>
void TrackingHub::add_news(News& news, New added, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (are_all_news_ || !has_holders_) return;
  if (news.size() < news_keys_max && news_charge_.grow(bytes)) {
    news.emplace_back(added);
  } else {
    are_all_news_ = true;
  }
  wake();
}

void TrackingHub::handle_out_of_reach() {
  const std::lock_guard lock(mutex_);
  if (!has_holders_) return;
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
    KeyHolder& holder = *held->holder;
    keys_.erase(*std::exchange(held, held->next));  // the last one with the key
    ++counts_.invalidations;
    pass_on(holder, push);
  }
}

void TrackingHub::check() {
  hubs_->check();
  deliver();
  const auto since = std::chrono::steady_clock::now() - HolderNames::away_max;
  std::size_t forgotten = 0;
  for (const KeyHolder* longest = names_.longest_away();
       longest != nullptr && longest->name->left_at < since && forgotten < forgotten_at_once_max;
       longest = names_.longest_away()) {
    forgotten += longest->keys.size();
    forget_longest_away();
  }
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
  now.listeners = keys_.listeners_count();
  now.keys = keys_.held_count();
  now.away = names_.away_count();
  return now;
}

}  // namespace plimsoll::bridge
