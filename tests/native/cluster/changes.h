#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <future>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/tests/native/cluster/cached_world.h"

namespace plimsoll::testing {

/// A writer, in a thread of its own, that changes keys one after the other through a client without
/// a cache, and knows what each of them may show: change 1, 2, 3... of a key makes it empty, gives
/// it the number as its value, or deletes it. So a reader that gets something outdated is found
/// out, whatever it gets.
class Changes {
 public:
  /// Begins at once. All of the keys must be missing.
  Changes(native::Client& writer, const std::vector<std::string>& names) : writer_(writer) {
    for (const std::string& name : names) keys_.emplace_back().name = name;
    thread_ = std::thread([this] { write_on(); });
  }
  ~Changes() { stop(); }
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  void stop() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
  }

  std::size_t count() const { return count_; }
  /// Why the last change failed; empty if none has.
  std::string failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

  /// Whether so many more changes come to be acknowledged.
  bool go_on(std::size_t more = 200) const {
    const std::size_t before = count();
    return eventually([&] { return count() > before + more || !failure().empty(); }) &&
           failure().empty();
  }

  /// What was acknowledged for each key when this was called. A read that is called afterwards must
  /// see that, or something later.
  std::vector<std::uint64_t> acknowledged() const {
    std::vector<std::uint64_t> all;
    for (const Key& key : keys_) all.push_back(key.acknowledged);
    return all;
  }

  /// Reads all keys at once, by reads that `read` begins: future<Result<optional<string>>>(name).
  /// Returns how many replies are older than what was `acknowledged`.
  template <class Read>
  std::size_t count_stale(const std::vector<std::uint64_t>& acknowledged, Read&& read) {
    using Reply = decltype(read(std::string()));
    std::vector<Reply> replies;
    for (const Key& key : keys_) replies.push_back(read(key.name));
    std::size_t stale = 0;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const std::optional<std::string> shown = value_of(std::move(replies[i]));
      if (may_show(shown, acknowledged[i], keys_[i].begun)) continue;
      ++stale;
      const std::lock_guard lock(mutex_);
      stale_ = keys_[i].name + " shows " + (shown ? "\"" + *shown + "\"" : "nothing") +
               ", behind change " + std::to_string(acknowledged[i]);
    }
    return stale;
  }
  /// The last that was outdated.
  std::string stale() const {
    const std::lock_guard lock(mutex_);
    return stale_;
  }

 private:
  struct Key {
    std::string name{};
    std::atomic<std::uint64_t> begun{0};
    std::atomic<std::uint64_t> acknowledged{0};
  };

  static std::optional<std::string> shown_after(std::uint64_t change) {
    switch (change % 4) {
      case 0: return std::nullopt;
      case 1: return "";
      default: return std::to_string(change);
    }
  }
  static bool may_show(const std::optional<std::string>& shown, std::uint64_t from,
                       std::uint64_t to) {
    for (std::uint64_t change = from; change <= to; ++change) {
      if (shown_after(change) == shown) return true;
    }
    return false;
  }

  void write_on() {
    try {
      while (!is_over_) {
        for (Key& key : keys_) write(key);
      }
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      failure_ = error.what();
    }
  }
  void write(Key& key) {
    const std::uint64_t change = ++key.begun;
    if (const std::optional<std::string> value = shown_after(change)) {
      set(writer_, key.name, *value);
    } else {
      value_of(writer_.del({key.name}, boost::asio::use_future));
    }
    key.acknowledged = change;
    ++count_;
  }

  native::Client& writer_;
  std::deque<Key> keys_;
  std::atomic<std::size_t> count_{0};
  std::atomic<bool> is_over_{false};
  mutable std::mutex mutex_;
  std::string failure_;  // guarded by mutex_, like stale_
  std::string stale_;
  std::thread thread_;
};

/// Readers of what Changes changes, in threads of their own: one behind barriers, one by
/// max_staleness of zero, and one that reads on without either, so that the cache has what it can
/// have of all keys at any time.
class CachedReaders {
 public:
  CachedReaders(Changes& changes, native::Client& client, native::ClientSideCache& cache) {
    begin(0, [&changes, &client, &cache] {
      const auto acknowledged = changes.acknowledged();
      pass_barrier(cache);
      return changes.count_stale(acknowledged, [&client](const std::string& key) {
        return client.get(key, boost::asio::use_future);
      });
    });
    begin(1, [&changes, &client] {
      return changes.count_stale(changes.acknowledged(), [&client](const std::string& key) {
        return client.get(key, {.max_staleness = std::chrono::milliseconds(0)},
                          boost::asio::use_future);
      });
    });
    begin(2, [&changes, &client] {
      const std::vector<std::uint64_t> anything(changes.acknowledged().size(), 0);
      return changes.count_stale(anything, [&client](const std::string& key) {
        return client.get(key, boost::asio::use_future);
      });
    });
  }
  ~CachedReaders() { stop(); }
  CachedReaders(const CachedReaders&) = delete;
  CachedReaders& operator=(const CachedReaders&) = delete;

  void stop() {
    is_over_ = true;
    for (std::thread& each : threads_) each.join();
    threads_.clear();
  }

  std::size_t stale() const { return stale_; }
  std::size_t rounds() const {
    return std::accumulate(rounds_.begin(), rounds_.end(), std::size_t{0});
  }
  /// Whether all that is being read now comes to be answered.
  bool pass_round() const {
    return std::all_of(rounds_.begin(), rounds_.end(), [this](const auto& each) {
      const std::size_t before = each;
      return eventually([&] { return each > before || !failure().empty(); }) && failure().empty();
    });
  }
  /// Why a reader ended early; empty if none has.
  std::string failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  template <class Round>
  void begin(std::size_t index, Round round) {
    threads_.emplace_back([this, index, round] {
      try {
        for (; !is_over_; ++rounds_[index]) stale_ += round();
      } catch (const std::exception& error) {
        const std::lock_guard lock(mutex_);
        failure_ = error.what();
      }
    });
  }

  std::atomic<bool> is_over_{false};
  std::atomic<std::size_t> stale_{0};
  std::array<std::atomic<std::size_t>, 3> rounds_{};  // that each reader has ended
  mutable std::mutex mutex_;
  std::string failure_;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace plimsoll::testing
