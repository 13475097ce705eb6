#include "plimsoll/native/bridge/shared/channel_hub.h"

#include <algorithm>
#include <set>
#include <utility>

#include <boost/asio/post.hpp>

#include "plimsoll/core/base/check.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;

// What an add() costs while it waits: its place in a map, and for each name a pointer here and a
// view in the subscription.
constexpr std::size_t add_bytes = 320;
constexpr std::size_t add_name_bytes = sizeof(HubName*) + sizeof(std::string_view);

constexpr std::string_view no_memory = "there was no memory for a message";
constexpr std::string_view name_has_ended = "the server has ended a subscription";

native::Error error_of(const plimsoll::Error& error) { return native::Error(error); }

native::Error no_room() {
  return error_of({.code = ErrorCode::rejected_by_limit,
                   .what = "the bridge has no memory for the names of subscriptions"});
}

native::Error too_many_slots() {
  return error_of({.code = ErrorCode::rejected_by_limit,
                   .what = "shard_subscriptions_max of the bridge is reached: its shard channels "
                           "are of too many slots",
                   .limit = ChannelHub::shard_subscriptions_max});
}

// The subscriptions that have names of an add().
std::set<HubSource*> sources_of(const std::vector<HubName*>& names) {
  std::set<HubSource*> sources;
  for (const HubName* name : names) sources.insert(name->source);
  return sources;
}

bool gets(const HubClaim& claim, std::uint64_t number) {
  return claim.is_confirmed && claim.after < number;
}

}  // namespace

ChannelHub::ChannelHub(native::Client& client, Account& account, PushForm form, UnreadShare* unread)
    : client_(client),
      account_(account),
      unread_(unread),
      form_(form),
      names_(account),
      plain_(client, *this) {}

// ---- Adds

void ChannelHub::add(HubListener& listener, ChannelKind kind,
                     std::span<const std::string_view> names, Done done) {
  PLIMSOLL_CHECK(!is_delivering_);
  const AddId id = ++last_add_;
  Add& add = adds_[id];
  add.member = &names_.obtain(listener);
  add.member->adds.insert(id);
  add.kind = kind;
  add.done = std::move(done);
  add.charge = Charge(account_);
  add.error = claim(id, add, names);
  if (!add.error) return send(id, add);
  ++counts_.refused;
  asio::post(client_.get_executor(), [this, id, life = std::weak_ptr<int>(life_)] {
    if (!life.expired()) finish(id);
  });
}

// Notes what the listener asks for. If there is an error, a part of that is noted already, which
// finish() takes back.
std::optional<native::Error> ChannelHub::claim(AddId id, Add& add,
                                               std::span<const std::string_view> names) {
  if (names.empty() || names.size() > names_max) {
    return error_of({.code = ErrorCode::invalid_argument,
                     .what = "a subscription has no name, or too many",
                     .value = names.size(),
                     .limit = names_max});
  }
  const std::size_t bytes = add_bytes + names.size() * add_name_bytes;
  if (!add.member->is_paid || !add.charge.grow(bytes)) return no_room();
  add.names.reserve(names.size());
  for (const std::string_view text : names) {
    HubName* name = names_.find(add.kind, text);
    if (name == nullptr) {
      HubSource* const source = source_of(add.kind, text);
      if (source == nullptr) return too_many_slots();
      name = names_.obtain(add.kind, text);
      if (name == nullptr) return refusal();
      name->source = source;
      ++source->names_count;
    }
    ++name->adds;
    add.names.push_back(name);
    HubClaim* const claim = names_.obtain(*add.member, *name, id);
    if (claim == nullptr) return refusal();
    ++claim->adds;
  }
  return std::nullopt;
}

// Null: there are too many slots.
HubSource* ChannelHub::source_of(ChannelKind kind, std::string_view name) {
  const bool has_slot =
      kind == ChannelKind::shard && client_.topology().kind == native::Topology::Kind::cluster;
  if (!has_slot) return &plain_;
  const Slot slot = slot_of_key(name);
  const auto known = shards_.find(slot);
  if (known != shards_.end()) return &known->second;
  if (shards_.size() >= shard_subscriptions_max) {
    // A subscription without names stays until its place is needed: a client that subscribes and
    // unsubscribes again and again does not make the server open a connection each time.
    const auto unused = std::find_if(shards_.begin(), shards_.end(),
                                     [](const auto& each) { return each.second.names_count == 0; });
    if (unused == shards_.end()) return nullptr;
    shards_.erase(unused);
  }
  HubSubscription::User& user = *this;
  return &shards_.try_emplace(slot, client_, user).first->second;
}

native::Error ChannelHub::refusal() const {
  if (names_.last_refusal() == HubNames::Refusal::no_memory) return no_room();
  return error_of({.code = ErrorCode::rejected_by_limit,
                   .what = "names_max of the bridge's shared subscriptions is reached",
                   .limit = names_max});
}

void ChannelHub::send(AddId id, Add& add) {
  const std::set<HubSource*> sources = sources_of(add.names);
  add.parts_left = sources.size();
  add.gaps = 0;
  for (HubSource* source : sources) {
    std::vector<std::string_view> texts;
    for (const HubName* name : add.names) {
      if (name->source == source) texts.push_back(name->text);
    }
    source->subscription.add(add.kind, std::move(texts),
                             [this, id, source](const std::optional<native::Error>& error) {
                               handle_part(id, *source, error);
                             });
  }
}

void ChannelHub::handle_part(AddId id, const HubSource& source,
                             const std::optional<native::Error>& error) {
  Add& add = adds_.at(id);
  if (!error || error->executed() != Executed::no) {
    for (HubName* name : add.names) {
      if (name->source == &source) name->may_be_subscribed = true;
    }
  }
  if (error && !add.error) add.error = error;
  add.gaps += source.subscription.gaps_count();
  if (--add.parts_left == 0) finish(id);
}

// Whether the connection of a subscription was lost after it had confirmed its part, while others
// had not: what is published until it is restored would be missing.
bool ChannelHub::has_missed(const Add& add) {
  const std::set<HubSource*> sources = sources_of(add.names);
  if (sources.size() == 1) return false;  // it has looked itself
  std::uint64_t gaps = 0;
  for (HubSource* source : sources) {
    source->subscription.check();
    gaps += source->subscription.gaps_count();
  }
  return gaps != add.gaps;
}

void ChannelHub::finish(AddId id) {
  Add& waiting = adds_.at(id);
  if (!waiting.error && has_missed(waiting)) return send(id, waiting);
  const Add add = std::move(waiting);
  adds_.erase(id);
  Leftovers left;
  for (HubName* name : add.names) settle(id, add, *name, left);
  erase(left);
  if (add.member == nullptr) return;
  add.member->adds.erase(id);
  erase_if_unused(*add.member);
  add.done(add.error);
}

void ChannelHub::settle(AddId id, const Add& add, HubName& name, Leftovers& left) {
  --name.adds;
  HubClaim* const claim = add.member == nullptr ? nullptr : HubNames::find(*add.member, name);
  // A claim may be newer: the name was removed meanwhile, and asked for again.
  if (claim != nullptr && claim->first_add <= id && claim->adds > 0) {
    --claim->adds;
    if (!add.error && !claim->is_confirmed) {
      claim->is_confirmed = true;
      claim->after = name.source->subscription.received();
    }
    if (!claim->is_confirmed && claim->adds == 0) return drop(*claim, left);
  }
  if (name.is_unused()) left.unused.push_back(&name);
}

// ---- The end of claims

void ChannelHub::remove(HubListener& listener, ChannelKind kind,
                        std::span<const std::string_view> names) {
  PLIMSOLL_CHECK(!is_delivering_);
  HubMember* const member = names_.find(listener);
  if (member == nullptr) return;
  Leftovers left;
  for (const std::string_view text : names) {
    HubName* const name = names_.find(kind, text);
    HubClaim* const claim = name == nullptr ? nullptr : HubNames::find(*member, *name);
    if (claim != nullptr) drop(*claim, left);
  }
  erase(left);
  erase_if_unused(*member);
}

void ChannelHub::remove_all(HubListener& listener) {
  PLIMSOLL_CHECK(!is_delivering_);
  HubMember* const member = names_.find(listener);
  if (member == nullptr) return;
  Leftovers left;
  forget(*member, left);
  erase(left);
}

void ChannelHub::drop(HubClaim& claim, Leftovers& left) {
  HubName& name = *claim.name;
  names_.erase(claim);
  if (name.is_unused()) left.unused.push_back(&name);
}

// Its adds go on without it, since names wait for their ends.
void ChannelHub::forget(HubMember& member, Leftovers& left) {
  while (!member.claims.empty()) drop(member.claims.begin()->second, left);
  for (const AddId id : member.adds) {
    Add& add = adds_.at(id);
    add.member = nullptr;
    left.dones.push_back(std::exchange(add.done, nullptr));
  }
  member.adds.clear();
  names_.erase(member);
}

// Unsubscribes the names that nobody has any more, and forgets them. A name that an add() waits for
// is not among them: it is unsubscribed behind that.
void ChannelHub::erase(Leftovers& left) {
  std::map<std::pair<HubSource*, ChannelKind>, std::vector<std::string_view>> subscribed;
  for (const HubName* name : left.unused) {
    if (name->may_be_subscribed) subscribed[{name->source, name->kind}].push_back(name->text);
  }
  for (const auto& [where, texts] : subscribed) {
    where.first->subscription.remove(where.second, texts);
  }
  for (HubName* name : left.unused) {
    --name->source->names_count;
    names_.erase(*name);
  }
  left.unused.clear();
}

void ChannelHub::erase_if_unused(HubMember& member) {
  if (member.is_unused()) names_.erase(member);
}

// ---- Messages

void ChannelHub::handle_message(HubSubscription& from, const native::Message& message) {
  ChannelKind kind = ChannelKind::channel;
  switch (message.kind) {
    case native::Message::Kind::channel: break;
    case native::Message::Kind::pattern: kind = ChannelKind::pattern; break;
    case native::Message::Kind::shard: kind = ChannelKind::shard; break;
    case native::Message::Kind::ended: return handle_end_of(from, message);
  }
  ++counts_.messages;
  const std::string_view text = kind == ChannelKind::pattern ? message.pattern : message.channel;
  HubName* const name = names_.find(kind, text);
  if (name == nullptr || &name->source->subscription != &from) return from.handle_stray(kind, text);
  deliver(*name, from.number(), message);
}

void ChannelHub::deliver(HubName& name, std::uint64_t number, const native::Message& message) {
  const bool is_wanted = std::any_of(name.claims.begin(), name.claims.end(),
                                     [&](const HubClaim* claim) { return gets(*claim, number); });
  if (!is_wanted) return;
  const PushBytes push = EncodedPush::create(account_, unread_, form_, name.kind, message.pattern,
                                             message.channel, message.payload);
  if (push == nullptr) {
    std::set<HubMember*> members;
    for (const HubClaim* claim : name.claims) {
      if (gets(*claim, number)) members.insert(claim->member);
    }
    return report_gap(members, no_memory);
  }
  ++counts_.encodings;
  is_delivering_ = true;
  for (const HubClaim* claim : name.claims) {
    if (!gets(*claim, number)) continue;
    ++counts_.pushes;
    claim->member->listener->handle_push(push);
  }
  is_delivering_ = false;
}

// The message does not say of which kind the name was: a listener that has it as another kind hears
// of a gap without need.
void ChannelHub::handle_end_of(const HubSubscription& from, const native::Message& message) {
  std::set<HubMember*> members;
  for (const ChannelKind kind : {ChannelKind::channel, ChannelKind::pattern, ChannelKind::shard}) {
    const HubName* const name = names_.find(kind, message.channel);
    const bool may_be_it = kind == ChannelKind::pattern || message.pattern.empty();
    if (name == nullptr || !may_be_it || &name->source->subscription != &from) continue;
    for (const HubClaim* claim : name->claims) {
      if (claim->is_confirmed) members.insert(claim->member);
    }
  }
  report_gap(members, name_has_ended);
}

void ChannelHub::handle_missed(HubSubscription& from, std::string_view why) {
  std::set<HubMember*> members;
  names_.for_each([&](const HubName& name) {
    if (&name.source->subscription != &from) return;
    for (const HubClaim* claim : name.claims) {
      if (claim->is_confirmed) members.insert(claim->member);
    }
  });
  report_gap(members, why);
}

// All are forgotten before the first is called, which may call remove_all().
void ChannelHub::report_gap(const std::set<HubMember*>& members, std::string_view why) {
  Leftovers left;
  std::vector<HubListener*> listeners;
  for (HubMember* member : members) {
    listeners.push_back(member->listener);
    forget(*member, left);
  }
  erase(left);
  counts_.gaps += listeners.size();
  for (HubListener* listener : listeners) listener->handle_gap(why);
}

void ChannelHub::check() {
  plain_.subscription.check();
  for (auto& [slot, source] : shards_) source.subscription.check();
}

ChannelHubStatistics ChannelHub::statistics() const {
  ChannelHubStatistics statistics = counts_;
  statistics.names = names_.names_count();
  statistics.listeners = names_.members_count();
  statistics.subscriptions = plain_.subscription.is_open() ? 1 : 0;
  for (const auto& [slot, source] : shards_) {
    if (source.subscription.is_open()) ++statistics.subscriptions;
  }
  return statistics;
}

}  // namespace plimsoll::bridge
