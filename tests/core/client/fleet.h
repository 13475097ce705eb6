#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "plimsoll/core/client/client.h"
#include "plimsoll/tests/core/client/client_end.h"
#include "plimsoll/tests/core/client/peer.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// A client with all of its connections, and a scripted server at the end of each: what Pair is to
// one connection. Bytes move when drive() is called; the script may leave a request unanswered, and
// the test answers it later.

namespace plimsoll::testing {

class Fleet {
 public:
  /// What the server says to a request on connection `index`; handshakes are answered before.
  using Script = std::function<std::string(std::uint32_t index, const Words& request)>;

  explicit Fleet(const ClientOptions& options = {}, const BudgetOptions& budget = {});
  ~Fleet();

  /// Connects, and goes on until the client is ready.
  void connect();

  /// Moves bytes until nobody has anything to say; connections that are asked for are made.
  void drive();

  /// Whether connections that are asked for are made, from now on.
  void refuse_connections() { refusing_ = true; }
  void accept_connections() { refusing_ = false; }
  /// From now on nobody answers when connection `index` is asked for, until heed().
  void ignore(std::uint32_t index) { ignored_.insert(index); }
  void heed(std::uint32_t index) { ignored_.erase(index); }

  /// Connection `index` gets `id` of the server, in place of 100 + index.
  void give_id(std::uint32_t index, int id) { ids_[index] = id; }

  /// What all say to HELLO from now on, in place of what a server says; empty: that again.
  void set_greeting(std::string greeting) { greeting_ = std::move(greeting); }

  void set_script(Script script) { script_ = std::move(script); }
  /// `admit` is called with the tag of each request that has waited and now has room. It submits
  /// the request, or cancels it. Needed as soon as anything waits.
  void set_admit(std::function<void(Tag)> admit) { admit_ = std::move(admit); }
  /// What the client does not read yet, since it pauses, waits until it does.
  void say(std::uint32_t index, std::string_view bytes);
  std::size_t unread_bytes(std::uint32_t index) { return unread_[index].size(); }
  void break_off(std::uint32_t index);
  bool is_open(std::uint32_t index) const { return open_.contains(index); }
  /// The address that connection `index` was opened to last, by its number.
  std::uint32_t seed_of(std::uint32_t index) const { return seeds_.at(index); }

  void advance(Duration duration);
  /// When the client wants to be called; the Budget's ticks do not show.
  Instant poll_timeout() {
    budget_.poll_timeout(this, now_);
    return client_->poll_timeout();
  }
  /// As far as the client wants to be called next.
  void advance_to_timeout() { advance(poll_timeout() - now_); }
  Instant now() const { return now_; }

  /// What was asked on connection `index` since the last call, handshakes left out: "BLPOP list 0".
  Lines take_requests(std::uint32_t index);

  /// "ready", "7: \"value\"", "7: timed_out (no)"...
  Lines take_events();

  /// The outcome of a call that may be refused at once: then it is an event of `tag`.
  std::optional<RequestId> note(Tag tag, const Result<RequestId>& id);

  Client& client() { return *client_; }
  TestMemory& memory() { return memory_; }

  /// Takes the values of events along, as drivers do: what is kept must be what was shown.
  void keep_replies() { keeping_ = true; }

  /// What a driver does after each of its calls: takes events and actions.
  void settle();

 private:
  void note(const Event& event);
  bool move_bytes(std::uint32_t index, Peer& peer);
  void deliver(std::uint32_t index);

  TestMemory memory_;
  Budget budget_;
  std::optional<Client> client_;
  Script script_;
  std::string greeting_;
  std::function<void(Tag)> admit_;
  std::map<std::uint32_t, std::unique_ptr<Peer>> open_;
  std::map<std::uint32_t, Lines> requests_;
  std::map<std::uint32_t, std::string> unread_;  // by the client
  std::map<std::uint32_t, bool> wanted_;
  std::map<std::uint32_t, std::uint32_t> seeds_;
  std::map<std::uint32_t, int> ids_;
  std::set<std::uint32_t> ignored_;
  Lines events_;
  Instant now_{};
  bool refusing_ = false;
  bool keeping_ = false;
};

}  // namespace plimsoll::testing
