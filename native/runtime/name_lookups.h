#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

// Looks up the names of hosts, for all clients of the process. The system's getaddrinfo() cannot be
// cancelled, and takes half a minute where a name server is silent. A resolver of Asio has one
// thread for all look-ups of an execution context, so that a single such name kept each client of
// the context from connecting, also long after the client that had asked for the name was gone; and
// the context did not end before the look-up. Here each name that is being looked up has a thread,
// and who asks for it meanwhile waits for the same answer: a client that tries a dead name again
// and again takes one thread.
//
// Never destroyed: it belongs to the Runtime.

namespace plimsoll::inline v0::native {

class NameLookups {
 public:
  /// The most names that are looked up at a time. Others wait, first come, first served.
  static constexpr std::size_t names_max = 32;

  struct Found {
    boost::system::error_code problem;
    std::vector<boost::asio::ip::address> addresses;  ///< in the system's order
  };

  /// Is called in a thread of this object. Must not block.
  using Done = std::function<void(const Found& found)>;

  /// A wait for an answer, which ends with this object.
  class Wait {
   public:
    Wait() = default;
    Wait(Wait&& other) noexcept : lookups_(std::exchange(other.lookups_, nullptr)) {
      name_.swap(other.name_);
      id_ = other.id_;
      fork_count_ = other.fork_count_;
    }
    Wait& operator=(Wait&&) = delete;
    ~Wait() { end(); }

    /// Does nothing in a child of fork(), which has no such thread.
    void end();

   private:
    friend class NameLookups;

    NameLookups* lookups_ = nullptr;
    std::string name_;
    std::uint64_t id_ = 0;
    std::uint64_t fork_count_ = 0;
  };

  NameLookups();
  NameLookups(const NameLookups&) = delete;
  NameLookups& operator=(const NameLookups&) = delete;

  /// Looks `name` up. `done` is called once, maybe before this returns (if the system has no
  /// thread for it), unless the wait ends before; while the wait ends, it may still be called. If
  /// there is no memory for a call, it is left out. Throws std::bad_alloc.
  Wait look_up(const std::string& name, Done done);

  /// How many names are being looked up, or wait for their turn.
  std::size_t names_count() const;

  /// What looks a name up, instead of the system. For tests.
  using Resolve = std::function<Found(const std::string& name)>;
  void resolve_by(Resolve resolve);

 private:
  struct Waiter {
    std::uint64_t id;
    Done done;
  };
  struct Name {
    bool has_thread = false;
    std::vector<Waiter> waiters;
  };

  bool start(const std::string& name, Name& state);
  bool start_thread(const std::string& name);
  void serve(std::string name);
  std::string next_name();
  void forget(const std::string& name, std::uint64_t id);

  mutable std::mutex mutex_;
  std::shared_ptr<const Resolve> resolve_;
  std::map<std::string, Name> names_;
  std::deque<std::string> queue_;  // names without a thread
  std::size_t threads_ = 0;
  std::uint64_t last_id_ = 0;
};

}  // namespace plimsoll::inline v0::native
