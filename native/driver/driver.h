#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/client_snapshot.h"
#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/resp/wire_value.h"
#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/base/steady_now.h"
#include "plimsoll/native/call/call_target.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/native/driver/address_rule.h"
#include "plimsoll/native/driver/cache_client.h"
#include "plimsoll/native/driver/cluster_seeds.h"
#include "plimsoll/native/driver/prefixed_command.h"
#include "plimsoll/native/runtime/client_registry.h"
#include "plimsoll/options.h"
#include "plimsoll/staleness.h"
#include "plimsoll/statistics.h"
#include "plimsoll/topology.h"

// Moves bytes and time between a core Client and its connections. The core says which connection to
// open or close, and when (connection.h). An Operation is a call under way: its address is the tag
// that the core gets, the core's outcome is delivered to it, and its completion runs the caller's
// code (operation.h).
//
// Calls come from any thread: they stage requests under the lock, and wake the driver. Everything
// else happens in turns on the executor, one at a time. A turn delivers the events of the bytes
// that were read, runs the callers' code, and sends what they have staged, in one write for each
// connection.
//
// Invariants:
//  - The lock is never held across a system call or a caller's code (except decode()).
//  - Each operation has one owner: the core (by its tag), one of ready_, closings_ and connecting_,
//    or the turn that completes it.
//  - If a call stages something while no turn runs in its thread, a turn is posted (turn_wanted_).
//  - In a child of fork() nothing of an inherited driver is touched, not even its lock:
//    inherited().

namespace plimsoll::inline v0::native {

/// How long a call may take; zero: no limit.
using Timeout = std::chrono::nanoseconds;

/// For cancel(): the request id of connect().
inline constexpr RequestId connect_request = UINT64_MAX;

class CallerLoop;
class Connection;
enum class HandlerThreads : std::uint8_t;
class Tracing;

class Driver final : public CallTarget,
                     private CacheClient,
                     private RegisteredClient,
                     private BudgetWaiter {
  struct Private {};

 public:
  /// Makes a driver on `executor`, or on the shared thread if that is empty. `cache`:
  /// Options::client_side_cache, or null. `rule`: where it may connect; null: anywhere.
  /// invalid_option, out_of_memory.
  static Result<std::shared_ptr<Driver>> create(boost::asio::any_io_executor executor,
                                                Target target, SharedCache* cache,
                                                AddressRule rule = nullptr);
  /// The same for a client whose callers run `loop`.
  static Result<std::shared_ptr<Driver>> create_for_callers(CallerLoop& loop, Target target,
                                                            SharedCache* cache);

  Driver(Private, Target target, const TrackingOptions& tracking, Budget& budget,
         boost::asio::any_io_executor executor, HandlerThreads threads,
         plimsoll::Client::Accounts accounts);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  std::shared_ptr<Driver> shared() { return std::static_pointer_cast<Driver>(shared_from_this()); }

  /// Connects. `operation` ends when the client is ready, or will never be. Call it once.
  void connect(Operation& operation);

  /// Sends a command. `operation` ends with its outcome, never before this returns. A read gets a
  /// value that was true at most `staleness` ago.
  void submit(const CommandView& command, Timeout timeout, Operation& operation,
              Staleness staleness = any_staleness);

  /// The same, unless the cache has the reply: then `operation` ends in the driver's next turn.
  void call(const CommandView& command, Timeout timeout, Operation& operation, Staleness staleness);

  /// Whether the client has a cache.
  bool has_cache() const { return core_.near_cache() != nullptr; }
  /// If the cache has the reply to `command`, delivers it and returns true: then the caller must
  /// complete `operation`. From any thread, without the client's lock.
  bool deliver_cached(const CommandView& command, Staleness staleness, Operation& operation);
  /// If the cache has the reply, calls `visit` with a view of it, while a part of the cache is
  /// locked.
  template <class Visit>
  bool visit_cached(const CommandView& command, Staleness staleness, Visit&& visit);

  /// Cache::watch() for a reply to `command`, which has all prefixes already. How old the reply is
  /// does not matter.
  template <class Same>
  bool watch_cached(const CommandView& command, std::size_t bytes, Same&& same);

  /// Whether Options::key_prefix or channel_prefix is set. call(), submit() and visit_cached() put
  /// them in front of keys and channels; a caller of submit_by() has to do it itself.
  bool has_prefixes() const { return has_prefixes_; }
  Prefixes prefixes() const { return {options().key_prefix, options().channel_prefix}; }

  /// Like submit(), for a request that `stage` stages: Result<RequestId>(core, now, tag), called
  /// under the lock.
  template <class Stage>
  void submit_by(Stage&& stage, Operation& operation) {
    submit_staged(
        [](void* context, plimsoll::Client& core, Instant now, Tag tag) {
          return (*static_cast<std::remove_reference_t<Stage>*>(context))(core, now, tag);
        },
        const_cast<void*>(static_cast<const void*>(&stage)), operation);
  }

  /// For submit_by(): returns the operation to submit `command` with, which reports to the tracer
  /// if there is one.
  Operation& traced(const CommandView& command, Operation& operation) {
    return tracing_ && !inherited() ? begin_trace(command, operation) : operation;
  }

  /// Calls `step`, void(core, now), under the lock, unless this was inherited.
  template <class Step>
  void apply(const Step& step) {
    if (inherited()) return;
    update([&] { step(core_, steady_now()); });
  }

  /// Ends `operation` with this outcome, as if it had been submitted.
  void finish(const Delivery& delivery, Operation& operation);
  void refuse(const plimsoll::Error& error, Operation& operation);

  // CallTarget.
  void cancel(RequestId id) override;
  bool complete_soon(Operation& operation) override;

  /// Refuses new requests, and waits for the replies that are owed. `operation` ends when all is
  /// over.
  void close(Operation& operation);
  /// Closes now: all calls end.
  void abort() {
    apply([](plimsoll::Client& core, Instant) { core.abort(); });
  }

  /// Changes the user, on new connections and on open ones.
  void set_credentials(std::string username, std::string password);

  Statistics statistics();
  Topology topology();

  plimsoll::Status start_recording(std::size_t ring_bytes);
  void stop_recording() {
    apply([](plimsoll::Client& core, Instant) { core.stop_recording(); });
  }
  std::string recording();

  const boost::asio::any_io_executor& executor() const override { return origin()->executor(); }

  /// The loop that callers run; null for a client that has another executor.
  CallerLoop* caller_loop() const { return caller_loop_; }

  /// For a caller that runs caller_loop(): calls `begin`, then runs a turn in this thread. So what
  /// `begin` submits leaves at once, together with what other threads submit meanwhile, without a
  /// posted turn and the look at all sockets before it.
  template <class Begin>
  void run_turn_with(Begin&& begin) {
    struct Turn {
      Driver& self;
      ~Turn() { self.run_turn(); }  // ends the process if a caller's code throws
    };
    {
      const Lock lock(mutex_);
      turn_wanted_ = true;
    }
    const Turn turn{*this};
    begin();
  }

  const Options& options() const { return target_.options; }

  /// Pays for callers' requests that are kept until they are submitted. From any thread.
  Account& requests_account() const { return core_.requests_account(); }

  /// Options::request_timeout.
  Timeout request_timeout() const { return target_.options.request_timeout; }

  /// Whether this was inherited over a fork(): then nothing of it may be touched.
  bool inherited() const { return fork_count_ != current_fork_count(); }

 private:
  class Io;

  // In a block of its own, because a client that works has none of them.
  struct Problems {
    std::string tls;          // TlsContext::problem(), for other threads
    std::string credentials;  // why Options::credentials failed the last time
    std::string end;          // why the client was closed; empty if the user closed it
  };

  static Result<std::shared_ptr<Driver>> create_on(boost::asio::any_io_executor executor,
                                                   HandlerThreads threads, Target target,
                                                   SharedCache* cache, AddressRule rule);

  // CacheClient.
  void prove(Operation& operation) override;

  // RegisteredClient.
  ClientSnapshot snapshot() override;
  ClientStatistics client_statistics() override {
    const Lock lock(mutex_);
    return core_statistics();
  }

  // BudgetWaiter.
  void handle_budget_available() override;

  void destroy_operations();

  using StageStep = plimsoll::Result<RequestId> (*)(void* context, plimsoll::Client& core,
                                                    Instant now, Tag tag);
  Operation& begin_trace(const CommandView& command, Operation& operation);
  void send(const CommandView& command, Timeout timeout, Operation& operation, Staleness staleness);
  template <class Visit>
  bool visit_as_it_is(const CommandView& command, Staleness staleness, Visit& visit);
  template <class Visit>
  bool visit_prefixed(const CommandView& command, Staleness staleness, Visit& visit);
  void submit_staged(StageStep step, void* context, Operation& operation);
  void handle_refusal(const plimsoll::Error& refusal, Operation& operation,
                      const CommandView* command, Timeout timeout);
  plimsoll::Result<RequestId> wait_for_room(const CommandView& command, Timeout timeout,
                                            Operation& operation);
  void admit(Tag tag);
  // Under the lock.
  ClientStatistics core_statistics() {
    ClientStatistics statistics = core_.statistics();
    statistics.rejected += rejected_;
    return statistics;
  }

  // Calls `change` under the lock, then wakes the driver, unless a turn is posted already, or runs
  // in this thread.
  template <class Change>
  void update(const Change& change) {
    bool wanted = false;
    {
      const Lock lock(mutex_);
      change();
      wanted = want_turn();
    }
    if (wanted) wake();
  }
  Problems& problems();
  void wake() noexcept;
  bool want_turn();
  bool is_turn_of_this_thread() const;
  void send_piece();
  void fail_elsewhere(Operation& operation);

  void run_turn();
  void go_on_later() noexcept;
  void deliver_all();
  void leave_rest_to_next_turn();
  struct Rest;
  bool collect_events(OperationList& ready);
  void deliver_reply(Tag tag, const Value* reply, OperationList& ready);
  void collect(const Event& event, OperationList& ready);
  void fail(const Event& event, Delivery delivery, OperationList& ready);
  void end(Delivery delivery, OperationList& ready);
  void notify(ConnectionEvent::Kind kind, const Delivery& delivery, OperationList& ready);
  void begin_attempt(Connection& connection, const Action& action);
  void act(const Action& action);
  void arm_timer();

  const Target target_;
  ClusterSeeds seeds_;  // of target_, for the core
  Budget& budget_;
  const std::uint64_t fork_count_;
  const bool has_prefixes_;
  CallerLoop* caller_loop_ = nullptr;
  std::unique_ptr<Io> io_;
  std::unique_ptr<Tracing> tracing_;  // null: no tracer

  // Guarded by mutex_.
  Mutex mutex_;
  plimsoll::Client core_;  // only its NearCache may be read without the lock
  bool turn_wanted_ = false;
  bool over_ = false;
  std::uint64_t rejected_ = 0;  // requests for which there was no room before the core saw them
  OperationList ready_;         // delivered, to be completed in the next turn
  OperationList closings_;      // of close(): wait for the end
  Operation* connecting_ = nullptr;
  std::unique_ptr<Problems> problems_;  // null: none so far
  // The credentials that the core has views of, or that have a bridge's token.
  std::unique_ptr<const Credentials> sent_credentials_;

  // Used only in turns.
  std::uint64_t unsent_ = 0;     // a bit for each connection that may have something to send
  std::uint64_t resumed_ = 0;    // a bit for each that was paused, and may be read again
  std::uint64_t piece_end_ = 0;  // send_piece() once so many bytes were staged
  bool poll_again_ = false;      // a caller's code may have led to events of the core
  bool made_room_ = false;       // a write has made room for waiters: poll events once more
  Instant armed_ = never;
};

template <class Visit>
bool Driver::visit_cached(const CommandView& command, Staleness staleness, Visit&& visit) {
  if (has_prefixes_) [[unlikely]]
    return visit_prefixed(command, staleness, visit);
  return visit_as_it_is(command, staleness, visit);
}

template <class Visit>
[[gnu::noinline]] bool Driver::visit_prefixed(const CommandView& command, Staleness staleness,
                                              Visit& visit) {
  if (!has_cache() || inherited()) return false;
  const PrefixedCommand prefixed(core_.requests_account(), prefixes(), command);
  if (prefixed.error() != nullptr) return false;
  // A type of its own: what is instantiated for one place alone is inlined there.
  const auto own = [&visit](const Value& value, std::string_view wire) {
    if constexpr (std::is_invocable_v<Visit, Value, std::string_view>) {
      visit(value, wire);
    } else {
      visit(value);
    }
  };
  return visit_as_it_is(prefixed.command(), staleness, own);
}

template <class Same>
bool Driver::watch_cached(const CommandView& command, std::size_t bytes, Same&& same) {
  NearCache* const near = core_.near_cache();
  commands::QuestionReader reader;
  if (near == nullptr || inherited() || !near->cache().takes(command, reader)) return false;
  const Instant time = steady_now();
  cache::Cache::Reader wanted = near->reader(cache::Freshness{});
  wanted.takes_untracked = false;
  return near->cache().watch(wanted, reader.question(), time, bytes, std::forward<Same>(same));
}

template <class Visit>
bool Driver::visit_as_it_is(const CommandView& command, Staleness staleness, Visit& visit) {
  NearCache* const near = core_.near_cache();
  if (near == nullptr || inherited()) return false;
  commands::QuestionReader reader;
  if (!near->cache().takes(command, reader)) return false;
  const Instant time = steady_now();
  cache::Cache::Reader wanted = near->reader(staleness, time);
  wanted.scratch = &core_.replies_account();
  return near->cache().visit(wanted, reader.question(), time, [&](std::string_view wire) {
    WireReader values(core_.replies_account());
    const auto value = values.read(wire);
    if (!value) return false;
    if constexpr (std::is_invocable_v<Visit, Value, std::string_view>) {
      visit(*value, wire);
    } else {
      visit(*value);
    }
    return true;
  });
}

}  // namespace plimsoll::inline v0::native
