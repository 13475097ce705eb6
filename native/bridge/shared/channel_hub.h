#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "plimsoll/client.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/error.h"
#include "plimsoll/native/bridge/shared/encoded_push.h"
#include "plimsoll/native/bridge/shared/hub_names.h"
#include "plimsoll/native/bridge/shared/hub_subscription.h"

// The subscriptions of all WebSockets that share a client. A channel that many have is subscribed
// once at the server; each message is encoded once, and every listener gets the same bytes.
//
// Channels and patterns are all in one native::Subscription. So are shard channels, except in a
// cluster, where those of each slot need a subscription of their own, which has a connection.
//
// What a listener gets of a name:
//  - every message that was published after its add() was done, until remove(), or handle_gap();
//  - none that was published before its add() was called.
// A name that a listener asks for is sent to the server even if others have it: only the server's
// confirmation says what was published before.
//
// Bounds: names_max names, shard_subscriptions_max slots, and what the account pays for: names,
// listeners, and messages as long as a listener keeps them. Nothing here waits for a listener.
//
// In one thread, that of the client's executor.

namespace plimsoll::bridge {

class HubListener {
 public:
  /// A message, in the server's words. Must not call the hub.
  virtual void handle_push(const PushBytes& push) = 0;

  /// Messages may be missing from now on. The hub has forgotten the listener already, as by
  /// remove_all(): to go on, the WebSocket's client has to see that its connection ends, and to
  /// subscribe again. Must not call add().
  virtual void handle_gap(std::string_view why) = 0;

 protected:
  ~HubListener() = default;
};

struct ChannelHubStatistics {
  std::size_t names = 0;  ///< subscribed at the server, or on the way there
  std::size_t listeners = 0;
  std::size_t subscriptions = 0;  ///< open ones; each has a connection
  std::uint64_t messages = 0;     ///< that came
  std::uint64_t encodings = 0;    ///< messages that a listener wanted
  std::uint64_t pushes = 0;       ///< to all listeners
  std::uint64_t gaps = 0;         ///< listeners that handle_gap() was called of
  std::uint64_t refused = 0;      ///< add() calls that a bound of the hub refused
};

/// Where messages come from.
struct HubSource {
  HubSource(native::Client& client, HubSubscription::User& user) : subscription(client, user) {}

  HubSubscription subscription;
  std::size_t names_count = 0;
};

class ChannelHub final : private HubSubscription::User {
 public:
  /// The most names at a time. The names of an add() count once more until it is done, also those
  /// that are known.
  static constexpr std::size_t names_max = HubNames::names_max;
  /// The most slots of a cluster whose shard channels are subscribed. Further ones are
  /// rejected_by_limit.
  static constexpr std::size_t shard_subscriptions_max = 16;
  /// For Options::subscriptions_max of the client.
  static constexpr std::uint32_t client_subscriptions_max = shard_subscriptions_max + 1;

  using Done = std::function<void(std::optional<native::Error> error)>;

  /// Messages are part of `unread`, if there is one. All must outlive this object, which must
  /// outlive its listeners' last call.
  ChannelHub(native::Client& client, Account& account, PushForm form,
             UnreadShare* unread = nullptr);
  ChannelHub(const ChannelHub&) = delete;
  ChannelHub& operator=(const ChannelHub&) = delete;

  /// Subscribes the listener to all names, or to none. Copies them. Names that the listener has
  /// already stay as they are, also if others are refused.
  ///
  /// `done` is called when the server has confirmed all names, or with an error; never before add()
  /// returns. If the listener is removed first, by remove_all() or before handle_gap(), `done` is
  /// destroyed at once, and never called. If some of the names are removed first, `done` is called
  /// nevertheless.
  ///
  /// Errors: permission_denied; rejected_by_limit (names_max, shard_subscriptions_max, no room for
  /// names); invalid_argument (no name, or more than names_max); closed, timed_out and others as
  /// for any request of the client.
  void add(HubListener& listener, ChannelKind kind, std::span<const std::string_view> names,
           Done done);

  /// Nothing more comes for these names. Those that the listener does not have are fine.
  void remove(HubListener& listener, ChannelKind kind, std::span<const std::string_view> names);

  /// The listener is gone: nothing more comes for it. The cost grows with the number of its names.
  void remove_all(HubListener& listener);

  /// Looks whether messages are missing; call it about once a second. Otherwise listeners hear of a
  /// lost connection only when the next message comes.
  void check();

  /// How many names are subscribed at the server, or on the way there.
  std::size_t names_count() const { return names_.names_count(); }

  ChannelHubStatistics statistics() const;

 private:
  struct Add {
    HubMember* member = nullptr;  // null once the listener is removed
    ChannelKind kind{};
    std::vector<HubName*> names;
    Done done;
    std::size_t parts_left = 0;  // subscriptions that have names of it, and have not answered
    std::uint64_t gaps = 0;      // the sum of theirs when they answered
    std::optional<native::Error> error;
    Charge charge;
  };

  void handle_message(HubSubscription& from, const native::Message& message) override;
  void handle_missed(HubSubscription& from, std::string_view why) override;

  /// What is left of claims: names to unsubscribe, and calls that will not be made.
  struct Leftovers {
    std::vector<HubName*> unused;
    std::vector<Done> dones;
  };

  std::optional<native::Error> claim(AddId id, Add& add, std::span<const std::string_view> names);
  HubSource* source_of(ChannelKind kind, std::string_view name);
  native::Error refusal() const;
  void send(AddId id, Add& add);
  void handle_part(AddId id, const HubSource& source, const std::optional<native::Error>& error);
  static bool has_missed(const Add& add);
  void finish(AddId id);
  void settle(AddId id, const Add& add, HubName& name, Leftovers& left);
  void drop(HubClaim& claim, Leftovers& left);
  void forget(HubMember& member, Leftovers& left);
  void erase(Leftovers& left);
  void erase_if_unused(HubMember& member);
  void report_gap(const std::set<HubMember*>& members, std::string_view why);
  void handle_end_of(const HubSubscription& from, const native::Message& message);
  void deliver(HubName& name, std::uint64_t number, const native::Message& message);

  native::Client& client_;
  Account& account_;
  UnreadShare* const unread_;
  const PushForm form_;
  HubNames names_;
  std::map<AddId, Add> adds_;
  AddId last_add_ = 0;
  bool is_delivering_ = false;
  ChannelHubStatistics counts_;
  HubSource plain_;
  std::map<Slot, HubSource> shards_;
  const std::shared_ptr<int> life_ = std::make_shared<int>();  // handlers look whether it is gone
};

}  // namespace plimsoll::bridge
