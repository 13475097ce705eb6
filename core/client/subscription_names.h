#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/chains.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/session/pipeline.h"

// The channels and patterns of one subscription, and how far the server knows of them: what a new
// connection has to be told again. Each name is a block of its own, charged to `payer`.
//
//   add()          confirm()               handle_new_connection()
//  -------> asked ----------> subscribed --------------------------> to_restore <-------------+
//             |                   ^                                     |                     |
//             | forget()          |                                     | begin_to_restore()  |
//             v                   |   handle_restored()                 v                     |
//           gone <----------------|-------------------------------- on_the_way ---------------+
//                 drop_refused()                                        handle_not_restored()
//
// From any state, remove() leads to `gone`. What always holds: of all entries for one text, at most
// one is in a state other than `asked`.
//
// The cost of a call grows with the names that it is about, not with the others. Only
// handle_new_connection() and the destructor walk over all names.

namespace plimsoll {

/// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE.
enum class SubscriptionKind : std::uint8_t { channel, pattern, shard };

/// Names of one subscription at a time, and of one call.
inline constexpr std::size_t subscription_names_max = 65'535;

class SubscriptionNames {
 public:
  /// `seed`: without it nobody can choose names that hash alike.
  SubscriptionNames(Account& payer, std::uint64_t seed)
      : payer_(payer), seed_(seed), by_text_(payer), by_tag_(payer) {}
  ~SubscriptionNames();
  SubscriptionNames(const SubscriptionNames&) = delete;
  SubscriptionNames& operator=(const SubscriptionNames&) = delete;

  /// Adds those that are not subscribed: they are `tag`'s until confirm() or forget(). All or none:
  /// rejected_by_limit (subscription_names_max, the connections pool).
  Status add(SubscriptionKind kind, std::span<const std::string_view> names, Tag tag);

  /// The request with this tag was confirmed: its names are subscribed.
  void confirm(Tag tag);

  /// The request with this tag failed: its names go.
  void forget(Tag tag);

  void remove(SubscriptionKind kind, std::span<const std::string_view> names);

  /// A new connection knows nothing of what is subscribed: all of it is to be restored. A step for
  /// each name.
  void handle_new_connection();

  /// Marks the next few names of one kind as on their way, as many as `names` has room for, and
  /// returns how many: views that live until they are removed. A step for each of these.
  std::size_t begin_to_restore(std::span<std::string_view> names, SubscriptionKind& kind);

  /// What became of those on their way: a step for each of these.
  void handle_restored();
  void handle_not_restored();
  /// The server refused them: they go.
  void drop_refused();

  std::size_t size() const { return size_; }

  /// CHECKs all that must hold between calls. Walks over everything.
  void validate() const;

  /// Names that were looked at so far, for tests of what calls cost.
  std::uint64_t steps() const { return steps_; }

 private:
  enum class State : std::uint8_t { asked, subscribed, to_restore, on_the_way };

  struct Name;
  struct List {
    Name* first = nullptr;
    Name* last = nullptr;
  };

  // A request that was not confirmed yet, and some names of which only it has asked for.
  struct Request {
    ChainHook<Request> of_tag{};
    Tag tag = 0;
    List names{};
    Block block{};  // that this lies in
  };

  // Its text lies behind it. Several requests may ask for one text, and each may yet be refused: so
  // there is a Name for each of these, but one at most whose state is another, and that is `first`.
  struct Name {
    ChainHook<Name> of_text{};  // of the first: by hash; of the others: behind the first
    std::uint64_t hash = 0;
    Name* others = nullptr;  // of the first
    Name* next = nullptr;    // of its request, or of those in its state
    Name* previous = nullptr;
    Request* request = nullptr;  // that has asked for it
    std::uint32_t size = 0;
    SubscriptionKind kind{};
    State state = State::asked;
    bool is_first = false;
    Block block{};  // that this lies in

    std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), size}; }
  };

  using ByText = Chains<Name, &Name::of_text, &Name::hash>;
  using ByTag = Chains<Request, &Request::of_tag, &Request::tag>;

  std::uint64_t hash_of(SubscriptionKind kind, std::string_view text) const;
  // The first of this text.
  Name* find(std::uint64_t hash, SubscriptionKind kind, std::string_view text);
  Request* find(Tag tag);
  static bool is_known(const Name& first, Tag tag);
  bool insert(std::uint64_t hash, SubscriptionKind kind, std::string_view text, Tag tag);
  Request* make_request(Tag tag);
  List* list_of(const Name& name);
  void move_to(Name& name, State state);
  void link(Name& name);
  void unlink(Name& name);
  void settle(Name& name);
  void take_place_of(Name& first, Name& heir);
  void erase(Name& name);
  template <class Visit>
  void for_each_of(const List& list, Visit&& visit);

  Account& payer_;
  const std::uint64_t seed_;
  ByText by_text_;
  ByTag by_tag_;
  std::array<List, 3> to_restore_{};  // by kind
  List on_the_way_;
  std::size_t size_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace plimsoll
