#pragma once

// A day's work of several clients at once, on one memory line: small and large reads and writes,
// messages, replies that are kept for a while, some over TLS, some from another thread.

#include <cstddef>
#include <functional>
#include <memory>

namespace plimsoll::bench {

class MixedLoad {
 public:
  /// So many replies are kept at a time, at most: some 75 KB each.
  explicit MixedLoad(std::size_t kept_replies_max);
  ~MixedLoad();

  /// Works until `observe` was called so often: on the clients' thread, every few hundred requests,
  /// once the load is at its height.
  void run(std::size_t times, std::function<void()> observe);

  /// What the memory line says is used.
  std::size_t used() const;

  std::size_t clients_count() const;
  std::size_t requests_count() const;

 private:
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace plimsoll::bench
