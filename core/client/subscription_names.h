#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/chains.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/bytes_view.h"
#include "plimsoll/core/resp/node.h"
#include "plimsoll/core/resp/reply.h"
#include "plimsoll/core/session/pipeline.h"

// The channels and patterns of one subscription, and for each whether the server knows it, so that
// a new connection can subscribe all of them again. Each name is a block of its own, charged to
// `payer`.
//
//                                          handle_new_connection()
//   add()          confirm()               handle_ended()
//  -------> asked ----------> subscribed --------------------------> to_restore <-------------+
//             |                   ^                                     |                     |
//             | forget()          |                                     | begin_to_restore()  |
//             v                   |   handle_restored()                 v                     |
//           gone <-- refused <----|-------------------------------- on_the_way ---------------+
//        take_refused()    drop_refused()                               handle_not_restored()
//
// From any other state than `refused`, remove() leads to `gone`. A name that was refused is not
// counted, and not found; it waits until the user is told.
//
// Invariants:
//  - Of all entries for one text, at most one is in a state other than `asked`.
//
// The cost of a call grows only with the number of names that the call changes. Only
// handle_new_connection() and the destructor walk over all names.

namespace plimsoll::inline v0 {

/// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE.
enum class SubscriptionKind : std::uint8_t { channel, pattern, shard };

/// The first word of the push by which the server ends a subscription, by its kind.
inline constexpr std::array<std::string_view, 3> end_words{"unsubscribe", "punsubscribe",
                                                           "sunsubscribe"};

/// The most names that one subscription can have at a time, and that one call can pass.
inline constexpr std::size_t subscription_names_max = 65'535;

class SubscriptionNames {
 public:
  /// `seed` makes the hashes unpredictable, so that nobody can choose names with equal hashes.
  SubscriptionNames(Account& payer, std::uint64_t seed)
      : payer_(payer), seed_(seed), by_text_(payer), by_tag_(payer) {}
  ~SubscriptionNames();
  SubscriptionNames(const SubscriptionNames&) = delete;
  SubscriptionNames& operator=(const SubscriptionNames&) = delete;

  /// Adds the names that are not subscribed yet; they belong to the request `tag` until confirm()
  /// or forget(). Adds all or none. Error: rejected_by_limit (subscription_names_max, the
  /// connections pool).
  Status add(SubscriptionKind kind, std::span<const std::string_view> names, Tag tag);

  /// The server has confirmed the request with this tag: its names are subscribed.
  void confirm(Tag tag);

  /// The request with this tag has failed: removes its names.
  void forget(Tag tag);

  void remove(SubscriptionKind kind, std::span<const std::string_view> names);

  /// The server has ended the subscription to this name: it has to be restored. Returns false, and
  /// does nothing, if the name is not subscribed. If `text` lies in several pieces, looks at all
  /// names.
  bool handle_ended(SubscriptionKind kind, const BytesView& text);

  /// A new connection has no subscriptions: all subscribed names have to be restored. Takes a step
  /// for each name.
  void handle_new_connection();

  /// Marks the next names of one kind as on the way, as many as `names` has room for, and returns
  /// how many. The views in `names` live until the names are removed. Takes a step for each of
  /// these names.
  std::size_t begin_to_restore(std::span<std::string_view> names, SubscriptionKind& kind);

  /// The outcome of restoring the names that are on the way: takes a step for each of them.
  void handle_restored();
  void handle_not_restored();
  /// The server refused the names on the way: take_refused() returns their ends.
  void drop_refused();

  bool has_refused() const { return refused_.first != nullptr; }
  /// Forgets the name that was refused first, and returns the push by which a server ends a
  /// subscription to it. The push lies in the name's memory. Call it only if has_refused().
  Reply take_refused();

  std::size_t size() const { return size_; }

  /// CHECKs all that must hold between calls. Walks over everything.
  void validate() const;

  /// The number of names looked at so far. Tests use it to measure the cost of calls.
  std::uint64_t steps() const { return steps_; }

 private:
  enum class State : std::uint8_t { asked, subscribed, to_restore, on_the_way, refused };

  // The end of a refused name, as a server tells it.
  using EndPush = std::array<Node, 4>;

  struct Name;
  struct List {
    Name* first = nullptr;
    Name* last = nullptr;
  };

  // A request that is not confirmed yet, and the entries of the names that it has asked for.
  struct Request {
    ChainHook<Request> of_tag{};
    Tag tag = 0;
    List names{};
    Block block{};  // the memory of this object
  };

  // An entry: one request's claim to a name; the text is stored in its block, behind the room that
  // the entry takes, or its EndPush if the name is refused. Several requests may ask
  // for the same text, and each may yet be refused, so each has a Name. At most one of these is in
  // a state other than `asked`, and it is the `first`.
  struct Name {
    ChainHook<Name> of_text{};  // the first entry is chained by hash, the others behind it
    std::uint64_t hash = 0;
    Name* others = nullptr;  // the first entry's chain of further entries of its text
    Name* next = nullptr;    // in the list of its request, or of its state
    Name* previous = nullptr;
    Request* request = nullptr;  // the request that asked; null in other states than `asked`
    std::uint32_t size = 0;
    SubscriptionKind kind{};
    State state = State::asked;
    bool is_first = false;
    Block block{};  // the memory of this object

    static constexpr std::size_t text_at();
    std::string_view text() const {
      return {reinterpret_cast<const char*>(this) + text_at(), size};
    }
  };

  // Most subscriptions have few names, and ask for them once: they are idle, and there can be many.
  using ByText = Chains<Name, &Name::of_text, &Name::hash, 8>;
  using ByTag = Chains<Request, &Request::of_tag, &Request::tag, 2>;

  std::uint64_t hash_of(SubscriptionKind kind, std::string_view text) const;
  // Returns the first entry of this text.
  Name* find(std::uint64_t hash, SubscriptionKind kind, std::string_view text);
  Name* find(SubscriptionKind kind, const BytesView& text);
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
  void take_out(Name& name);
  void erase(Name& name);
  template <class Visit>
  void for_each_of(const List& list, Visit&& visit);

  Account& payer_;
  const std::uint64_t seed_;
  ByText by_text_;
  ByTag by_tag_;
  std::array<List, 3> to_restore_{};  // by kind
  List on_the_way_;
  List refused_;  // these are in by_text_ no more
  std::size_t size_ = 0;
  std::uint64_t steps_ = 0;
};

constexpr std::size_t SubscriptionNames::Name::text_at() {
  return std::max(sizeof(Name), sizeof(EndPush));
}

}  // namespace plimsoll::inline v0
