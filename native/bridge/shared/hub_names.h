#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/encoded_push.h"

// Which listener of a ChannelHub has which channels and patterns. An account pays for all of it, as
// it grows. No I/O.
//
//   HubMember --- HubClaim --- HubName
//
// A member is a listener, with the adds that it waits for. A claim says that a member has a name,
// or has asked for it; it is found from both ends, and the cost of a change does not grow with the
// number of claims. A name lives until it has no claims and no add waits for it.
//
// Pointers to members, claims and names are valid until they are erased.

namespace plimsoll::bridge {

class HubListener;
struct HubMember;
struct HubName;
struct HubSource;

/// The number of an add(), of all of a hub.
using AddId = std::uint64_t;

struct HubClaim {
  HubMember* member = nullptr;
  HubName* name = nullptr;
  std::size_t place = 0;  ///< in HubName::claims
  AddId first_add = 0;    ///< the claim is that of this add and of later ones
  std::size_t adds = 0;   ///< that wait
  bool is_confirmed = false;
  std::uint64_t after = 0;  ///< the number of the last message that is none of this claim's
};

struct HubName {
  ChannelKind kind{};
  std::string_view text;
  HubSource* source = nullptr;  ///< where its messages come from
  std::vector<HubClaim*> claims;
  std::size_t adds = 0;            ///< that wait
  bool may_be_subscribed = false;  ///< at the server

  bool is_unused() const { return claims.empty() && adds == 0; }
};

struct HubMember {
  HubListener* listener = nullptr;
  bool is_paid = false;
  std::map<HubName*, HubClaim> claims;
  std::set<AddId> adds;

  bool is_unused() const { return claims.empty() && adds.empty(); }
};

class HubNames {
 public:
  /// As many as one native::Subscription can have.
  static constexpr std::size_t names_max = 65'535;

  /// What each of these costs, with its places in the maps; a name's text comes on top.
  static constexpr std::size_t name_bytes = 64 + sizeof(std::string) + sizeof(HubName);
  static constexpr std::size_t claim_bytes = 64 + sizeof(HubClaim) + 2 * sizeof(HubClaim*);
  static constexpr std::size_t member_bytes = 64 + sizeof(HubMember);

  enum class Refusal : std::uint8_t { none, names_max, no_memory };

  /// `account` must outlive this object.
  explicit HubNames(Account& account) : charge_(account) {}
  HubNames(const HubNames&) = delete;
  HubNames& operator=(const HubNames&) = delete;

  HubName* find(ChannelKind kind, std::string_view text);
  HubMember* find(const HubListener& listener);
  static HubClaim* find(HubMember& member, HubName& name);

  /// Finds or makes it. If there is no room for a member, is_paid is false; the caller erases it
  /// soon. Null: see last_refusal().
  HubMember& obtain(HubListener& listener);
  HubName* obtain(ChannelKind kind, std::string_view text);
  HubClaim* obtain(HubMember& member, HubName& name, AddId add);
  Refusal last_refusal() const { return refusal_; }

  void erase(HubClaim& claim);
  /// Only if it is unused.
  void erase(HubName& name);
  void erase(HubMember& member);

  /// Calls `visit(HubName&)`, which must not erase names.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (auto& of_kind : names_) {
      for (auto& [text, name] : of_kind) visit(name);
    }
  }

  std::size_t names_count() const { return names_[0].size() + names_[1].size() + names_[2].size(); }
  std::size_t members_count() const { return members_.size(); }
  std::size_t charged_bytes() const { return charge_.bytes(); }

 private:
  bool pay(std::size_t bytes);

  Charge charge_;
  Refusal refusal_ = Refusal::none;
  // Sorted, so that nobody can choose names that are slow to find.
  std::array<std::map<std::string, HubName, std::less<>>, 3> names_;
  std::map<const HubListener*, HubMember> members_;
};

}  // namespace plimsoll::bridge
