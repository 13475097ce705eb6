#include "plimsoll/native/bridge/shared/tracked_keys.h"

#include <bit>
#include <utility>

#include "plimsoll/core/cluster/slot.h"

namespace plimsoll::bridge {

TrackedKeys::NameView TrackedKeys::name_of(std::string_view text) const {
  return {.slot = is_cluster_ ? slot_of_key(text) : Slot{0}, .text = text};
}

TrackedKey* TrackedKeys::find_in(std::uint16_t slot) {
  const auto found = keys_.lower_bound(NameView{.slot = slot, .text = {}});
  return found == keys_.end() || found->first.slot != slot ? nullptr : &found->second;
}

TrackedKey* TrackedKeys::find(std::string_view text) {
  const auto found = keys_.find(name_of(text));
  return found == keys_.end() ? nullptr : &found->second;
}

KeyHolder* TrackedKeys::find(const TrackingListener& listener) {
  const auto found = listeners_.find(&listener);
  return found == listeners_.end() ? nullptr : found->second;
}

KeyHolder* TrackedKeys::add_holder(TrackingListener& listener) {
  if (KeyHolder* const known = find(listener)) return known;
  if (!charge_.grow(holder_bytes)) return nullptr;
  auto made = std::make_unique<KeyHolder>();
  KeyHolder* const holder = made.get();
  holders_.emplace(holder, std::move(made));
  holder->turn = next_turn_--;
  ranks_.insert(rank_of(*holder));
  attach(*holder, listener);
  return holder;
}

void TrackedKeys::detach(KeyHolder& holder) {
  ranks_.erase(rank_of(holder));
  listeners_.erase(std::exchange(holder.listener, nullptr));
  holder.turn = next_turn_--;
  ranks_.insert(rank_of(holder));
}

void TrackedKeys::attach(KeyHolder& holder, TrackingListener& listener) {
  ranks_.erase(rank_of(holder));
  holder.listener = &listener;
  listeners_.emplace(&listener, &holder);
  ranks_.insert(rank_of(holder));
}

void TrackedKeys::erase(KeyHolder& holder) {
  release(holder);
  charge_.shrink(holder_bytes);
  if (holder.listener != nullptr) detach(holder);
  ranks_.erase(rank_of(holder));
  holders_.erase(&holder);
}

void TrackedKeys::resize(KeyHolder& holder, std::size_t bytes) {
  holder.bytes = bytes;
  // One that holds a single key has nothing to give.
  const auto size_class =
      holder.keys.size() > 1 ? static_cast<unsigned>(std::bit_width(bytes)) : 0u;
  if (size_class == holder.size_class) return;
  ranks_.erase(rank_of(holder));
  holder.size_class = size_class;
  ranks_.insert(rank_of(holder));
}

bool TrackedKeys::hold(KeyHolder& holder, std::string_view text) {
  TrackedKey* const key = obtain(text);
  if (key == nullptr) return false;
  if (const auto known = holder.keys.find(key); known != holder.keys.end()) {
    unlink(known->second);
    link_as_newest(known->second);
    return true;
  }
  if (!charge_.grow(held_bytes)) {
    erase_unused(*key);
    return false;
  }
  HeldKey& held = holder.keys[key];
  held.holder = &holder;
  held.key = key;
  held.next = std::exchange(key->held, &held);
  if (held.next != nullptr) held.next->previous = &held;
  link_as_newest(held);
  resize(holder, holder.bytes + held_bytes + text.size());
  ++held_count_;
  return true;
}

void TrackedKeys::erase(HeldKey& held) {
  TrackedKey& key = *held.key;
  (held.previous == nullptr ? key.held : held.previous->next) = held.next;
  if (held.next != nullptr) held.next->previous = held.previous;
  unlink(held);
  KeyHolder& holder = *held.holder;
  holder.keys.erase(&key);
  resize(holder, holder.bytes - held_bytes - key.text.size());
  charge_.shrink(held_bytes);
  --held_count_;
  erase_unused(key);
}

void TrackedKeys::release(KeyHolder& holder) {
  while (holder.oldest != nullptr) erase(*holder.oldest);
}

TrackedKey* TrackedKeys::obtain(std::string_view text) {
  const NameView name = name_of(text);
  if (const auto known = keys_.find(name); known != keys_.end()) return &known->second;
  if (!charge_.grow(key_bytes + text.size())) return nullptr;
  const auto made = keys_.emplace(Name{name.slot, std::string(text)}, TrackedKey()).first;
  made->second.text = made->first.text;
  return &made->second;
}

void TrackedKeys::erase_unused(const TrackedKey& key) {
  if (key.held != nullptr) return;
  charge_.shrink(key_bytes + key.text.size());
  keys_.erase(keys_.find(name_of(key.text)));
}

void TrackedKeys::link_as_newest(HeldKey& held) {
  KeyHolder& holder = *held.holder;
  held.older = std::exchange(holder.newest, &held);
  held.newer = nullptr;
  (held.older == nullptr ? holder.oldest : held.older->newer) = &held;
}

void TrackedKeys::unlink(HeldKey& held) {
  (held.older == nullptr ? held.holder->oldest : held.older->newer) = held.newer;
  (held.newer == nullptr ? held.holder->newest : held.newer->older) = held.older;
}

}  // namespace plimsoll::bridge
