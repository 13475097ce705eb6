#include "plimsoll/native/bridge/shared/hub_names.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll::bridge {

bool HubNames::pay(std::size_t bytes) {
  if (charge_.grow(bytes)) return true;
  refusal_ = Refusal::no_memory;
  return false;
}

HubName* HubNames::find(ChannelKind kind, std::string_view text) {
  auto& of_kind = names_[static_cast<std::size_t>(kind)];
  const auto found = of_kind.find(text);
  return found == of_kind.end() ? nullptr : &found->second;
}

HubMember* HubNames::find(const HubListener& listener) {
  const auto found = members_.find(&listener);
  return found == members_.end() ? nullptr : &found->second;
}

HubClaim* HubNames::find(HubMember& member, HubName& name) {
  const auto found = member.claims.find(&name);
  return found == member.claims.end() ? nullptr : &found->second;
}

HubName* HubNames::obtain(ChannelKind kind, std::string_view text) {
  if (HubName* const known = find(kind, text)) return known;
  if (names_count() >= names_max) {
    refusal_ = Refusal::names_max;
    return nullptr;
  }
  if (!pay(name_bytes + text.size())) return nullptr;
  const auto made = names_[static_cast<std::size_t>(kind)].emplace(text, HubName()).first;
  made->second.kind = kind;
  made->second.text = made->first;
  return &made->second;
}

HubMember& HubNames::obtain(HubListener& listener) {
  HubMember& member = members_[&listener];
  member.listener = &listener;
  if (!member.is_paid) member.is_paid = pay(member_bytes);
  return member;
}

HubClaim* HubNames::obtain(HubMember& member, HubName& name, AddId add) {
  if (HubClaim* const known = find(member, name)) return known;
  if (!pay(claim_bytes)) return nullptr;
  HubClaim& made = member.claims[&name];
  made.member = &member;
  made.name = &name;
  made.place = name.claims.size();
  made.first_add = add;
  name.claims.push_back(&made);
  return &made;
}

void HubNames::erase(HubClaim& claim) {
  std::vector<HubClaim*>& claims = claim.name->claims;
  HubClaim* const last = claims.back();
  last->place = claim.place;
  claims[claim.place] = last;
  claims.pop_back();
  claim.member->claims.erase(claim.name);
  charge_.shrink(claim_bytes);
}

void HubNames::erase(HubName& name) {
  PLIMSOLL_CHECK(name.is_unused());
  auto& of_kind = names_[static_cast<std::size_t>(name.kind)];
  charge_.shrink(name_bytes + name.text.size());
  of_kind.erase(of_kind.find(name.text));
}

void HubNames::erase(HubMember& member) {
  PLIMSOLL_CHECK(member.is_unused());
  if (member.is_paid) charge_.shrink(member_bytes);
  members_.erase(member.listener);
}

}  // namespace plimsoll::bridge
