#include "plimsoll/native/bridge/shared/subscribed_names.h"

#include <optional>

#include "plimsoll/native/bridge/shared/local_answers.h"

namespace plimsoll::bridge {
namespace {

std::string_view word_of(ChannelKind kind, bool subscribes) {
  switch (kind) {
    case ChannelKind::channel: return subscribes ? "subscribe" : "unsubscribe";
    case ChannelKind::pattern: return subscribes ? "psubscribe" : "punsubscribe";
    case ChannelKind::shard: return subscribes ? "ssubscribe" : "sunsubscribe";
  }
  return "";
}

// What a channel's name costs, with its place in a set.
std::size_t bytes_of(std::string_view name) { return 64 + sizeof(std::string) + name.size(); }

template <class Names>
std::size_t bytes_of_all(const Names& names) {
  std::size_t bytes = 0;
  for (const std::string_view name : names) bytes += bytes_of(name);
  return bytes;
}

}  // namespace

bool SubscribedNames::pay(std::span<const std::string_view> names, TokenCounts& counts,
                          std::string_view token) {
  if (!charge_.grow(bytes_of_all(names))) return false;
  asked_ += names.size();
  if (place_.count() == 0) place_ = counts.hold(token);
  place_.resize(count() + asked_);
  return true;
}

void SubscribedNames::give_back(const std::vector<std::string>& names) {
  charge_.shrink(bytes_of_all(names));
  asked_ -= names.size();
  place_.resize(count() + asked_);
}

std::string SubscribedNames::add(ChannelKind kind, const std::vector<std::string>& names,
                                 bool is_resp3) {
  std::string confirmations;
  for (const std::string& name : names) {
    const bool is_new = names_of(kind).insert(name).second;
    if (!is_new) charge_.shrink(bytes_of(name));
    confirmations += confirmation(word_of(kind, true), name, count_for(kind), is_resp3);
  }
  asked_ -= names.size();
  place_.resize(count() + asked_);
  return confirmations;
}

std::vector<std::string> SubscribedNames::meant_by(ChannelKind kind,
                                                   std::span<const std::string_view> names) const {
  if (!names.empty()) return {names.begin(), names.end()};
  return {names_of(kind).begin(), names_of(kind).end()};
}

std::string SubscribedNames::remove(ChannelKind kind, const std::vector<std::string>& names,
                                    bool is_resp3) {
  const std::string_view word = word_of(kind, false);
  std::string confirmations;
  for (const std::string& name : names) {
    if (names_of(kind).erase(name) > 0) charge_.shrink(bytes_of(name));
    confirmations += confirmation(word, name, count_for(kind), is_resp3);
  }
  place_.resize(count() + asked_);
  if (names.empty()) confirmations = confirmation(word, std::nullopt, count_for(kind), is_resp3);
  return confirmations;
}

}  // namespace plimsoll::bridge
