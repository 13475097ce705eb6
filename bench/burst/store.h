#pragma once

// A client as the job needs it: the one thing that differs between the contenders.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::bench {

struct Event {
  std::string id;
  std::uint64_t number = 0;
  std::string body;
};

/// An event that is being worked on.
struct Work {
  Event event;
  std::string result{};
  std::uint64_t body_sum = 0;
  std::atomic<std::size_t> replies_left{0};
  std::atomic<std::uint64_t> values_sum{0};
};

/// Called on the client's thread, or out of a call to it.
class StoreUser {
 public:
  virtual ~StoreUser() = default;
  /// Empty where there was none for a while.
  virtual void handle_events(std::vector<Event> events) = 0;
  virtual void handle_value(Work& work, std::string_view value) = 0;
  /// The result is written, and the event acknowledged: once each, for the first time.
  virtual void handle_written(Work& work) = 0;
};

/// Ends the process with a message on any failure: half a benchmark is none.
class Store {
 public:
  virtual ~Store() = default;

  /// Asks for the next events, `events_max` at most: XREADGROUP. One call at a time.
  virtual void read(std::size_t events_max) = 0;

  // From any thread.

  /// GET.
  virtual void get(const std::string& key, Work& work) = 0;
  /// HSET of the result, XACK of the event.
  virtual void write(Work& work) = 0;

  /// What is accounted for now, and the most so far; 0 where nobody counts.
  virtual std::size_t accounted_bytes() const = 0;
  virtual std::size_t accounted_bytes_peak() const = 0;
};

struct StoreOptions {
  std::string socket_path;
  bool give_back = false;
};

/// Plimsoll's native client by its public API: StreamReader, GET through the near cache, callbacks.
/// More requests than are allowed at a time wait.
std::unique_ptr<Store> make_our_store(const StoreOptions& options, StoreUser& user);

/// hiredis' asynchronous API on libev, which has a thread for itself: other threads put what they
/// ask in a list, and wake it up.
std::unique_ptr<Store> make_hiredis_store(const StoreOptions& options, StoreUser& user);

}  // namespace plimsoll::bench
