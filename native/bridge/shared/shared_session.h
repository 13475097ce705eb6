#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/error_code.hpp>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/native/bridge/shared/channel_hub.h"
#include "plimsoll/native/bridge/shared/error_line.h"
#include "plimsoll/native/bridge/shared/kept_replies.h"
#include "plimsoll/native/bridge/shared/reply_queue.h"
#include "plimsoll/native/bridge/shared/shared_clients.h"
#include "plimsoll/native/bridge/shared/subscribed_names.h"
#include "plimsoll/native/bridge/shared/token_counts.h"
#include "plimsoll/native/bridge/shared/tracking_hub.h"
#include "plimsoll/native/bridge/shared/unread_replies.h"
#include "plimsoll/staleness.h"
#include "plimsoll/transaction.h"

// What one WebSocket sees in place of a connection to a server, if connections are shared: requests
// go in, replies come out, as bytes and in order. A request goes through the bridge's own client of
// the server, which routes it if the server is a cluster. What concerns only the connection is
// answered here.
//
//   write_now() --> a command --+--> SharedClient::send() -----------> ReplyQueue --> read_now()
//                               +--> MULTI ... EXEC, as one
//                               +--> WATCH: an exclusive connection, until EXEC
//                               +--> SUBSCRIBE: ChannelHub, from which messages come
//                               +--> CLIENT TRACKING: TrackingHub, from which invalidations come
//                               +--> HELLO, SELECT, CLIENT SETNAME...
//
// Some commands run alone: what comes behind them waits until they are answered, and some of them
// wait for what is in front. A command that blocks runs alone as it does on a server's connection;
// WATCH and what follows, because they use another connection than the rest; SUBSCRIBE, so that no
// message comes before its confirmation; HELLO with another version, because the rest goes through
// another client then; PING of a client that tracks, because what comes behind it has to be as new
// as what it proves; CLIENT TRACKING RESUME, so that all that its client has missed comes in front
// of the answer.
//
// Invariants:
// - Each command gets one reply (SUBSCRIBE and its like one confirmation for each name), in order.
// - Nothing is taken while a command runs alone: write_now() takes whole commands, and stops in
//   front of the first that has to wait.
// - After close(), outcomes of requests under way change nothing.
// - With CLIENT TRACKING, a reply that depends on keys is held by the hub, or an invalidation of
//   these keys comes behind it.
// - What a client's transaction, watched keys, channels and name take is bounded in front of the
//   session: by KeptAtServer, and by the gate.
// - The hub hears of each invalidation that goes to a client with a name when it leaves, or that it
//   never will.

namespace plimsoll::bridge {

class SharedSession final : public std::enable_shared_from_this<SharedSession>,
                            public UnreadHolder,
                            private HubListener,
                            private TrackingListener {
 public:
  using Problem = boost::system::error_code;
  using ReadHandler = boost::asio::any_completion_handler<void(Problem, std::size_t)>;
  using WaitHandler = boost::asio::any_completion_handler<void(Problem)>;

  /// The most bytes of messages that wait for a client. A client that takes fewer than come is cut
  /// off, as a server does beyond client-output-buffer-limit.
  static constexpr std::size_t unread_message_bytes_max = std::size_t{1} << 20;

  /// `token`: who has the WebSocket. What the session reads from the cache was true at most
  /// `max_staleness` before. All references must outlive the session.
  SharedSession(SharedClients& clients, const SharedServer& server, const Profile& profile,
                std::string_view token, native::Staleness max_staleness = native::any_staleness);
  ~SharedSession();
  SharedSession(const SharedSession&) = delete;
  SharedSession& operator=(const SharedSession&) = delete;

  const boost::asio::any_io_executor& get_executor() const { return clients_.executor(); }

  /// Takes commands, and returns how many bytes. `bytes` are whole commands that RequestScanner
  /// takes. would_block: the next one has to wait.
  std::size_t write_now(std::string_view bytes, Problem& problem);

  /// Calls `handler` with how many bytes were taken, which is at least one command.
  void write(std::string_view bytes, ReadHandler handler);

  /// Gives what is ready.
  std::size_t read_now(std::span<char> space, Problem& problem);
  std::size_t available_bytes() const { return replies_.ready_bytes(); }

  /// Calls `handler` when at least one byte was read into `space`, or at the end.
  void read(std::span<char> space, ReadHandler handler);

  /// Calls `handler` when something can be read, or at the end.
  void wait_for_bytes(WaitHandler handler);

  /// The session has ended by itself, and all that was ready has been read.
  bool has_ended() const { return has_ended_ && replies_.ready_bytes() == 0; }
  const std::string& why() const { return why_; }

  enum class Cause : std::uint8_t {
    server_gone,
    taken_over,  ///< its client has come back elsewhere: nothing is wrong
    no_memory,
    unread  ///< its client does not take what is there for it
  };
  Cause cause() const { return cause_; }

  // UnreadHolder.
  std::uint64_t burden(std::chrono::steady_clock::time_point now) const override;
  void drop(std::string_view why) override;

  /// The client has gone for good: nobody will come back to what it has kept.
  void forget_client() { kept_.forget_name(); }

  /// Ends the session. What is under way goes on at the server, except a command that blocks.
  void close();

 private:
  using Words = std::span<const std::string_view>;
  using Row = commands::Row;
  using Place = ReplyQueue::Place;

  // HubListener.
  void handle_push(const PushBytes& message) override;
  void handle_gap(std::string_view why) override { end(why); }

  bool takes_messages(const PushBytes& next);

  // TrackingListener.
  bool handle_invalidation(const PushBytes& push) override;
  void handle_taken_over() override;
  std::uint64_t connection_number() const override { return id_; }

  bool take(Words words);
  bool take_any(const Row* row, Words words);
  bool take_special(const Row& row, Words words);
  bool take_hello(Words words);
  bool set_name(std::string_view name);
  void take_client_command(const Row& row, Words words);
  bool take_in_subscription(const Row* row, Words words);
  bool take_tracking(Words words);
  bool take_resume(Words words);
  bool take_ping(Words words);
  bool send(const Row* row, Words words);
  template <class Handler>
  void start(const CommandView& command, bool blocks, Handler handler);
  bool takes_blocking();
  bool take_in_multi(const Row* row, Words words);
  bool take_exec();
  bool take_watch(Words words);
  void watch(Place& place, Words keys);
  void fail_watch(Place& place, const native::Error& error);
  void unwatch();
  bool subscribe(ChannelKind kind, Words names);
  void unsubscribe(ChannelKind kind, Words names);
  bool takes_names(std::size_t count);

  Place* expect();
  void answer(std::string_view text);
  void refuse(const Row* row, const plimsoll::Error& error);
  using ErrorLine = std::string (*)(const native::Error& error);
  void finish(Place& place, native::Result<WireReply> reply, bool was_alone,
              ErrorLine line_of = error_line);
  void finish_read(Place& place, native::Result<WireReply> reply, Words read, bool was_alone);
  void add_behind(Place& place, PushBytes invalidation);
  void fill(Place& place, WireReply reply);
  void count_held();
  bool has_client();
  bool is_idle() const { return replies_.awaited() == 0; }
  void end(std::string_view why, Cause cause = Cause::server_gone);
  void wake_reader();
  void wake_writer();
  void serve_reader();
  void serve_writer();

  // The transaction that is being queued.
  struct Multi {
    native::Transaction commands;
    bool is_aborted = false;
    bool is_tracked = false;  // it reads what the client may keep

    // It will not be executed, so nothing more need be kept of it.
    void abort() {
      is_aborted = true;
      commands.discard();
    }
  };

  SharedClients& clients_;
  const SharedServer& server_;
  const Profile& profile_;
  const std::string token_;
  const native::Staleness max_staleness_;
  SharedCounters& counters_;
  const std::uint64_t id_;
  std::shared_ptr<SharedClient> client_;  // null until a command needs it
  bool is_resp3_ = false;
  bool is_opening_ = false;
  bool has_no_connection_ = false;  // for what has come until now
  bool is_refused_ = false;         // the command that is being taken, for that reason
  std::string name_;
  ReplyQueue replies_;
  std::unique_ptr<Multi> multi_;
  std::unique_ptr<native::Exclusive> watching_;  // between WATCH and EXEC
  TokenCounts::Hold watching_place_;
  bool is_watch_lost_ = false;  // a WATCH has failed: the next EXEC runs nothing
  SubscribedNames names_;
  KeptReplies kept_;
  std::unique_ptr<boost::asio::cancellation_signal> blocked_;  // of a command that blocks

  bool is_alone_ = false;  // a command runs alone
  bool has_ended_ = false;
  Cause cause_ = Cause::server_gone;
  bool is_closed_ = false;
  bool holds_any_ = false;
  std::size_t held_counted_ = 0;                      // of replies_, by clients_.unread()
  std::chrono::steady_clock::time_point held_since_;  // or since the client has taken some
  std::string why_;

  ReadHandler reader_;
  std::span<char> reader_space_;
  WaitHandler waiter_;
  ReadHandler writer_;
  std::string_view writer_bytes_;
  bool is_reader_woken_ = false;
  bool is_writer_woken_ = false;
};

}  // namespace plimsoll::bridge
