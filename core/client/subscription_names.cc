#include "plimsoll/core/client/subscription_names.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/cache/hash.h"
#include "plimsoll/core/resp/node.h"

namespace plimsoll::inline v0 {
namespace {

Node string_node(std::string_view text) {
  return Node{.type = Type::bulk_string,
              .split = false,
              .size = static_cast<std::uint32_t>(text.size()),
              .bytes = text.data()};
}

}  // namespace

SubscriptionNames::~SubscriptionNames() {
  by_text_.for_each([](Name& first) {
    while (Name* const other = first.others) {
      ByText::unlink(*other);
      const Block taken = std::move(other->block);
    }
    const Block taken = std::move(first.block);
  });
  by_tag_.for_each([](Request& request) { const Block taken = std::move(request.block); });
  while (has_refused()) take_refused();
}

std::uint64_t SubscriptionNames::hash_of(SubscriptionKind kind, std::string_view text) const {
  return cache::hash_key(seed_, text).low + static_cast<std::uint64_t>(kind);
}

SubscriptionNames::Name* SubscriptionNames::find(std::uint64_t hash, SubscriptionKind kind,
                                                 std::string_view text) {
  Name* name = by_text_.first(hash);
  for (; name != nullptr; name = ByText::next(*name)) {
    ++steps_;
    if (name->hash == hash && name->kind == kind && name->text() == text) break;
  }
  return name;
}

SubscriptionNames::Name* SubscriptionNames::find(SubscriptionKind kind, const BytesView& text) {
  if (text.contiguous()) return find(hash_of(kind, text.view()), kind, text.view());
  Name* found = nullptr;
  by_text_.for_each([&](Name& first) {
    ++steps_;
    if (first.kind == kind && text == first.text()) found = &first;
  });
  return found;
}

SubscriptionNames::Request* SubscriptionNames::find(Tag tag) {
  Request* request = by_tag_.first(tag);
  for (; request != nullptr && request->tag != tag; request = ByTag::next(*request)) ++steps_;
  return request;
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
    if (insert(hash_of(kind, name), kind, name, tag)) continue;
    forget(tag);
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "the connections pool has no room for the name of a subscription",
                 .value = name.size()};
  }
  return {};
}

// Whether the name is subscribed, or `tag` has an entry for it (the first, or the newest of the
// others). Another request's entry is not enough: that request may yet be refused, and its entry is
// then removed.
bool SubscriptionNames::is_known(const Name& first, Tag tag) {
  if (first.state != State::asked || first.request->tag == tag) return true;
  return first.others != nullptr && first.others->request->tag == tag;
}

// Adds an entry for the text. Returns true also if it is known; false if there is no memory.
bool SubscriptionNames::insert(std::uint64_t hash, SubscriptionKind kind, std::string_view text,
                               Tag tag) {
  Name* const first = find(hash, kind, text);
  if (first != nullptr && is_known(*first, tag)) return true;
  Block block = Block::allocate(payer_, Name::text_at() + text.size());
  if (!block) return false;
  Request* const request = make_request(tag);
  if (request == nullptr) {
    block.discard();
    return false;
  }
  auto* const name = new (block.data()) Name{.hash = hash,
                                             .request = request,
                                             .size = static_cast<std::uint32_t>(text.size()),
                                             .kind = kind,
                                             .is_first = first == nullptr};
  name->block = std::move(block);
  std::copy_n(text.data(), text.size(), reinterpret_cast<char*>(name) + Name::text_at());
  first == nullptr ? by_text_.add(*name) : ByText::push(first->others, *name);
  link(*name);
  ++size_;
  return true;
}

SubscriptionNames::Request* SubscriptionNames::make_request(Tag tag) {
  if (Request* const known = find(tag)) return known;
  Block block = Block::allocate(payer_, sizeof(Request));
  if (!block) return nullptr;
  auto* const request = new (block.data()) Request{.tag = tag};
  request->block = std::move(block);
  by_tag_.add(*request);
  return request;
}

SubscriptionNames::List* SubscriptionNames::list_of(const Name& name) {
  switch (name.state) {
    case State::asked: return &name.request->names;
    case State::to_restore: return &to_restore_[static_cast<std::size_t>(name.kind)];
    case State::on_the_way: return &on_the_way_;
    case State::refused: return &refused_;
    case State::subscribed: return nullptr;
  }
  return nullptr;
}

// Appends the name to the list of its state.
void SubscriptionNames::link(Name& name) {
  ++steps_;
  List* const list = list_of(name);
  if (list == nullptr) return;
  name.next = nullptr;
  name.previous = std::exchange(list->last, &name);
  (name.previous == nullptr ? list->first : name.previous->next) = &name;
}

// Removes the name from the list of its state. A request without names is freed.
void SubscriptionNames::unlink(Name& name) {
  ++steps_;
  List* const list = list_of(name);
  if (list == nullptr) return;
  (name.previous == nullptr ? list->first : name.previous->next) = name.next;
  (name.next == nullptr ? list->last : name.next->previous) = name.previous;
  Request* const request = std::exchange(name.request, nullptr);
  if (request == nullptr || request->names.first != nullptr) return;
  by_tag_.remove(*request);
  const Block taken = std::move(request->block);
}

void SubscriptionNames::move_to(Name& name, State state) {
  unlink(name);
  name.state = state;
  link(name);
}

// Removes the name from all but its memory.
void SubscriptionNames::take_out(Name& name) {
  unlink(name);
  if (!name.is_first) {
    ByText::unlink(name);
  } else if (name.others != nullptr) {
    take_place_of(name, *name.others);
  } else {
    by_text_.remove(name);
  }
  --size_;
}

void SubscriptionNames::erase(Name& name) {
  take_out(name);
  const Block taken = std::move(name.block);
}

// Makes `heir` the first entry of its text. The old first entry is in no chain afterwards.
void SubscriptionNames::take_place_of(Name& first, Name& heir) {
  ByText::unlink(heir);
  by_text_.remove(first);
  first.is_first = false;
  heir.others = std::exchange(first.others, nullptr);
  if (heir.others != nullptr) heir.others->of_text.link = &heir.others;
  heir.is_first = true;
  by_text_.add(heir);
}

// `visit` may remove the name that it is given from the list, and may free the list with the last
// one.
template <class Visit>
void SubscriptionNames::for_each_of(const List& list, Visit&& visit) {
  for (Name* name = list.first; name != nullptr;) {
    Name* const next = name->next;
    visit(*name);
    name = next;
  }
}

void SubscriptionNames::confirm(Tag tag) {
  const Request* const request = find(tag);
  if (request == nullptr) return;
  for_each_of(request->names, [this](Name& name) { settle(name); });
}

// At most one entry of a text is subscribed: a second confirmation erases its entry.
void SubscriptionNames::settle(Name& name) {
  Name& first = *find(name.hash, name.kind, name.text());
  if (first.state != State::asked) return erase(name);
  move_to(name, State::subscribed);
  if (&first == &name) return;
  take_place_of(first, name);
  ByText::push(name.others, first);
}

void SubscriptionNames::forget(Tag tag) {
  const Request* const request = find(tag);
  if (request == nullptr) return;
  for_each_of(request->names, [this](Name& name) { erase(name); });
}

void SubscriptionNames::remove(SubscriptionKind kind, std::span<const std::string_view> names) {
  for (std::string_view text : names) {
    const std::uint64_t hash = hash_of(kind, text);
    Name* const first = find(hash, kind, text);
    if (first == nullptr) continue;
    while (first->others != nullptr) erase(*first->others);
    erase(*first);
  }
}

bool SubscriptionNames::handle_ended(SubscriptionKind kind, const BytesView& text) {
  Name* const name = find(kind, text);
  if (name == nullptr || name->state != State::subscribed) return false;
  move_to(*name, State::to_restore);
  return true;
}

void SubscriptionNames::handle_new_connection() {
  handle_not_restored();
  by_text_.for_each([this](Name& first) {
    if (first.state == State::subscribed) move_to(first, State::to_restore);
  });
}

std::size_t SubscriptionNames::begin_to_restore(std::span<std::string_view> names,
                                                SubscriptionKind& kind) {
  const auto list = std::find_if(to_restore_.begin(), to_restore_.end(),
                                 [](const List& each) { return each.first != nullptr; });
  if (list == to_restore_.end()) return 0;
  kind = list->first->kind;
  std::size_t count = 0;
  while (count < names.size() && list->first != nullptr) {
    names[count++] = list->first->text();
    move_to(*list->first, State::on_the_way);
  }
  return count;
}

void SubscriptionNames::handle_restored() {
  for_each_of(on_the_way_, [this](Name& name) { move_to(name, State::subscribed); });
}

// Puts the names in front of the list again. Goes from the last to the first, so that their order
// stays.
void SubscriptionNames::handle_not_restored() {
  while (Name* const name = on_the_way_.last) {
    unlink(*name);
    name->state = State::to_restore;
    List& list = *list_of(*name);
    name->previous = nullptr;
    name->next = std::exchange(list.first, name);
    (name->next == nullptr ? list.last : name->next->previous) = name;
  }
}

void SubscriptionNames::drop_refused() {
  for_each_of(on_the_way_, [this](Name& name) {
    take_out(name);
    name.state = State::refused;
    link(name);
  });
}

Reply SubscriptionNames::take_refused() {
  Name& name = *refused_.first;
  unlink(name);
  const std::string_view word = end_words[static_cast<std::size_t>(name.kind)];
  const std::string_view text = name.text();
  Block block = std::move(name.block);
  // The push takes the place of the name, in front of the text, so that it needs no memory: the
  // user is told even if there is none.
  static_assert(alignof(EndPush) <= alignof(Name));
  name.~Name();
  auto* const push = new (block.data()) EndPush;
  *push = {Node{.type = Type::push, .split = false, .size = 3, .end = push->data() + push->size()},
           string_node(word), string_node(text),
           Node{.type = Type::integer, .split = false, .size = 0, .integer = 0}};
  return Reply::lying_in(std::move(block), push->data());
}

void SubscriptionNames::validate() const {
  std::size_t asked = 0;
  std::size_t listed = 0;
  std::size_t named = 0;
  by_tag_.for_each([&](const Request& request) {
    PLIMSOLL_CHECK(request.names.first != nullptr);
    for (const Name* at = request.names.first; at != nullptr; at = at->next, ++asked) {
      PLIMSOLL_CHECK(at->state == State::asked && at->request == &request);
    }
  });
  const auto count = [&listed](const List& list, State state) {
    const Name* previous = nullptr;
    for (const Name* at = list.first; at != nullptr; previous = at, at = at->next, ++listed) {
      PLIMSOLL_CHECK(at->state == state && at->previous == previous);
    }
    PLIMSOLL_CHECK(list.last == previous);
  };
  for (const List& list : to_restore_) count(list, State::to_restore);
  count(on_the_way_, State::on_the_way);
  by_text_.for_each([&](const Name& first) {
    PLIMSOLL_CHECK(first.is_first);
    ++named;
    if (first.state == State::subscribed) ++listed;
    for (const Name* at = first.others; at != nullptr; at = ByText::next(*at), ++named) {
      PLIMSOLL_CHECK(!at->is_first && at->others == nullptr && at->text() == first.text());
      PLIMSOLL_CHECK(at->state == State::asked && at->hash == first.hash);
    }
  });
  PLIMSOLL_CHECK(named == size_ && asked + listed == size_);
  count(refused_, State::refused);
}

}  // namespace plimsoll::inline v0
