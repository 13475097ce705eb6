#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "plimsoll/client.h"
#include "plimsoll/error.h"
#include "plimsoll/message.h"
#include "plimsoll/native/bridge/shared/encoded_push.h"
#include "plimsoll/subscription.h"

// One native::Subscription of a ChannelHub: opens it with the first names, passes names on in
// order, and takes its messages. Says which messages came before names were confirmed, and when
// messages may be missing.
//
//   closed --add()--> opening --> open --the client closes, or has no memory--> closed
//                        |
//                        +-- the first names are refused --> closed; the next add() opens
//
// If the client has too many subscriptions, the next attempt to open one comes open_again_wait
// later, up to open_attempts_max: another may be closing, which counts until the server has
// answered all that it owes on that connection.
//
// Messages are numbered from 1, those that were lost included. What had been received by the time
// at which add() succeeded has numbers up to received(): of the new names' messages, these may have
// been published before add() was called.
//
// In one thread, that of the client's executor. Calls of User may call anything here, and add() may
// destroy another HubSubscription, but none may destroy this one, except `done`.

namespace plimsoll::bridge {

class HubSubscription {
 public:
  static constexpr std::chrono::milliseconds open_again_wait{20};
  static constexpr std::uint32_t open_attempts_max = 50;

  class User {
   public:
    /// Number number(), or the end of a name (Message::Kind::ended).
    virtual void handle_message(HubSubscription& from, const native::Message& message) = 0;
    /// Of names that were confirmed until now, messages may be missing.
    virtual void handle_missed(HubSubscription& from, std::string_view why) = 0;

   protected:
    ~User() = default;
  };
  using Done = std::function<void(const std::optional<native::Error>& error)>;

  /// Both must outlive this object.
  HubSubscription(native::Client& client, User& user)
      : client_(client), user_(user), open_again_(client.get_executor()) {}
  HubSubscription(const HubSubscription&) = delete;
  HubSubscription& operator=(const HubSubscription&) = delete;

  /// Subscribes to the names, which must live until `done` is called. That is never before add()
  /// returns, and never if this object is destroyed first. The names are sent to the server even if
  /// they are subscribed already, so that `done` comes after all that was published before add().
  /// Errors: those of native::Subscription::subscribe() and native::Client::subscribe().
  void add(ChannelKind kind, std::vector<std::string_view> names, Done done);

  /// Unsubscribes names that nobody waits for in add(). Copies them.
  void remove(ChannelKind kind, std::span<const std::string_view> names);

  /// A message came for a name that nobody has: unsubscribes it again if remove() had failed.
  void handle_stray(ChannelKind kind, std::string_view name);

  /// Looks whether messages are missing; the next message would say so, but it may be long in
  /// coming.
  void check();

  /// The number of the message that is being handled, or was last.
  std::uint64_t number() const { return number_; }
  /// See above; as of the last check() or success of add().
  std::uint64_t received() const { return received_; }
  /// How often the connection has been lost, as of the same time.
  std::uint64_t gaps_count() const { return known_.gaps; }
  bool is_open() const { return state_ == State::open; }

 private:
  enum class State : std::uint8_t { closed, opening, open };
  struct Adding {
    ChannelKind kind;
    std::vector<std::string_view> names;
    Done done;
    std::uint32_t attempts = 0;  // to open
    std::uint64_t opening = 0;   // which one, of all of this object
    std::uint64_t gaps_before = 0;
  };
  struct Missed {
    std::uint64_t lost = 0;
    std::uint64_t gaps = 0;
  };

  void open(Adding adding);
  void open_later(Adding adding);
  void handle_opened(Adding adding, native::Result<native::Subscription> made);
  void send(Adding adding);
  void handle_added(Adding adding, const native::Result<void>& outcome);
  void take_messages();
  void handle_messages(const native::Result<std::vector<native::Message>>& messages);
  void handle_end();
  void note_missed(Missed missed);

  native::Client& client_;
  User& user_;
  State state_ = State::closed;
  native::Subscription subscription_;
  boost::asio::steady_timer open_again_;
  std::uint64_t openings_ = 0;
  std::vector<Adding> waiting_;  // for it to be open
  std::uint64_t number_ = 0;
  std::uint64_t received_ = 0;
  Missed taken_;                    // by the messages so far
  Missed known_;                    // by the statistics or the messages, and reported
  std::size_t removals_count_ = 0;  // under way
  bool may_have_strays_ = false;
  const std::shared_ptr<int> life_ = std::make_shared<int>();  // handlers look whether it is gone
};

}  // namespace plimsoll::bridge
