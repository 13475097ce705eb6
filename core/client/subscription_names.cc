#include "plimsoll/core/client/subscription_names.h"

#include <algorithm>
#include <utility>

namespace plimsoll {
namespace {

// FNV-1a: only so that names that differ are mostly told apart without looking at them.
std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

}  // namespace

// One after the other: the names hang on each other in chains.
SubscriptionNames::~SubscriptionNames() {
  for (Box<Name>& chain : chains_) {
    while (chain) erase(chain);
  }
}

Status SubscriptionNames::add(SubscriptionKind kind, std::span<const std::string_view> names,
                              Tag tag) {
  if (names.size() > subscription_names_max - size_) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "subscription_names_max is reached",
                 .value = size_ + names.size(),
                 .limit = subscription_names_max};
  }
  for (std::string_view name : names) {
    if (is_known(kind, name, tag) || insert(kind, name, tag)) continue;
    forget(tag);
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "the connections pool has no room for the name of a subscription",
                 .value = name.size()};
  }
  return {};
}

Box<SubscriptionNames::Name>* SubscriptionNames::find(SubscriptionKind kind,
                                                      std::string_view text) {
  const std::uint32_t hash = hash_of(text);
  Box<Name>* link = &chains_[hash % chains_.size()];
  while (*link) {
    const Name& name = **link;
    if (name.hash == hash && name.kind == kind && name.text() == text) break;
    link = &(*link)->next;
  }
  return link;
}

// Who else has asked may yet be refused: that must not take the name from this one.
bool SubscriptionNames::is_known(SubscriptionKind kind, std::string_view text,
                                 std::optional<Tag> tag) {
  const std::uint32_t hash = hash_of(text);
  for (Name* name = chains_[hash % chains_.size()].get(); name; name = name->next.get()) {
    const bool same = name->hash == hash && name->kind == kind && name->text() == text;
    if (same && (name->state != State::asked || tag == name->tag)) return true;
  }
  return false;
}

bool SubscriptionNames::insert(SubscriptionKind kind, std::string_view text, Tag tag) {
  Box<Name> name = Box<Name>::make(payer_, text.size());
  if (!name) return false;
  name->size = text.size();
  name->hash = hash_of(text);
  name->kind = kind;
  name->tag = tag;
  std::copy_n(text.data(), text.size(), reinterpret_cast<char*>(name.get() + 1));
  Box<Name>& chain = chains_[name->hash % chains_.size()];
  name->next = std::move(chain);
  chain = std::move(name);
  ++size_;
  return true;
}

void SubscriptionNames::erase(Box<Name>& link) {
  link = std::move(link->next);
  --size_;
}

void SubscriptionNames::erase_all(State state, std::optional<Tag> tag) {
  for (Box<Name>& chain : chains_) {
    for (Box<Name>* link = &chain; *link;) {
      const Name& name = **link;
      if (name.state == state && (!tag || name.tag == *tag)) {
        erase(*link);
      } else {
        link = &(*link)->next;
      }
    }
  }
}

template <class Visit>
void SubscriptionNames::for_each(Visit&& visit) {
  for (Box<Name>& chain : chains_) {
    for (Name* name = chain.get(); name != nullptr; name = name->next.get()) visit(*name);
  }
}

// Each name is there once then.
void SubscriptionNames::confirm(Tag tag) {
  for (Box<Name>& chain : chains_) {
    for (Box<Name>* link = &chain; *link;) {
      Name& name = **link;
      const bool is_its = name.state == State::asked && name.tag == tag;
      if (is_its && is_known(name.kind, name.text(), std::nullopt)) {
        erase(*link);
        continue;
      }
      if (is_its) name.state = State::subscribed;
      link = &name.next;
    }
  }
}

void SubscriptionNames::forget(Tag tag) { erase_all(State::asked, tag); }

void SubscriptionNames::remove(SubscriptionKind kind, std::span<const std::string_view> names) {
  for (std::string_view text : names) {
    for (Box<Name>* link = find(kind, text); *link; link = find(kind, text)) erase(*link);
  }
}

void SubscriptionNames::move_all(State from, State to) {
  for_each([from, to](Name& name) {
    if (name.state == from) name.state = to;
  });
}

void SubscriptionNames::handle_new_connection() {
  move_all(State::subscribed, State::to_restore);
  move_all(State::on_the_way, State::to_restore);
}

std::size_t SubscriptionNames::begin_to_restore(std::span<std::string_view> names,
                                                SubscriptionKind& kind) {
  std::size_t count = 0;
  for_each([&](Name& name) {
    if (name.state != State::to_restore || count == names.size()) return;
    if (count == 0) kind = name.kind;
    if (name.kind != kind) return;
    name.state = State::on_the_way;
    names[count++] = name.text();
  });
  return count;
}

void SubscriptionNames::handle_restored() { move_all(State::on_the_way, State::subscribed); }

void SubscriptionNames::handle_not_restored() { move_all(State::on_the_way, State::to_restore); }

void SubscriptionNames::drop_refused() { erase_all(State::on_the_way, std::nullopt); }

}  // namespace plimsoll
