#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/cluster.h"

namespace plimsoll::testing {

/// Callers, each in a thread of its own, that push 1, 2, 3... to lists of their own, one list after
/// the other, and have so many pushes under way: they wait for no answer before the next one.
///
/// What is in a list in the end shows in which order the pushes were run, and how often.
class Pushes {
 public:
  struct Load {
    std::vector<std::string> lists{};  ///< each caller adds its number to these names
    std::size_t callers = 1;
    std::size_t window = 64;
  };

  /// What the lists say, compared with what the callers were told.
  struct Verdict {
    std::size_t inversions = 0;  ///< a smaller number behind a larger one
    std::size_t twice = 0;
    std::size_t lost = 0;      ///< acknowledged, and not there
    std::size_t phantoms = 0;  ///< cannot have run, the caller was told; and there
    bool operator==(const Verdict&) const = default;
  };

  /// Begins at once. The client must outlive this.
  Pushes(native::Client& client, Load load)
      : client_(client), state_(std::make_shared<State>()), window_(load.window) {
    for (std::size_t caller = 0; caller < load.callers; ++caller) {
      for (const std::string& name : load.lists) {
        state_->lists.push_back({.key = name + ":" + std::to_string(caller)});
      }
      state_->in_flight.push_back(0);
    }
    for (std::size_t caller = 0; caller < load.callers; ++caller) {
      threads_.emplace_back([this, caller, count = load.lists.size()] { push_on(caller, count); });
    }
  }
  ~Pushes() { stop(); }
  Pushes(const Pushes&) = delete;
  Pushes& operator=(const Pushes&) = delete;

  /// No caller begins another push. Returns whether all that were begun have ended.
  bool stop() {
    {
      const std::lock_guard lock(state_->mutex);
      state_->is_over = true;
      state_->has_room.notify_all();
    }
    for (std::thread& each : threads_) each.join();
    threads_.clear();
    return eventually([this] {
      const std::lock_guard lock(state_->mutex);
      return std::all_of(state_->in_flight.begin(), state_->in_flight.end(),
                         [](std::size_t count) { return count == 0; });
    });
  }

  std::size_t acknowledged() const { return count(Outcome::acknowledged); }
  /// Failed, and cannot have run.
  std::size_t refused() const { return count(Outcome::refused); }
  /// Failed, and may have run.
  std::size_t in_doubt() const { return count(Outcome::in_doubt); }

  /// Whether so many more pushes come to be acknowledged.
  bool go_on(std::size_t more = 500) const {
    const std::size_t before = acknowledged();
    return eventually([&] {
      allow_more();
      return acknowledged() > before + more;
    });
  }

  /// The errors of pushes that failed, each once.
  std::vector<std::string> errors() const {
    const std::lock_guard lock(state_->mutex);
    return state_->errors;
  }
  std::vector<ErrorCode> error_codes() const {
    const std::lock_guard lock(state_->mutex);
    return state_->codes;
  }

  /// Call stop() before.
  Verdict verdict(const ClusterGroup& group) const {
    Verdict sum;
    for (const List& list : state_->lists) judge(list, numbers_in(group, list.key), sum);
    return sum;
  }

 private:
  enum class Outcome : std::uint8_t { pending, acknowledged, refused, in_doubt };
  struct List {
    std::string key{};
    std::deque<Outcome> outcomes{};  // of 1, 2, 3...
  };
  // While nobody waits in go_on(), no more are begun than this: lists of millions would take long
  // to move, and to look at.
  static constexpr std::size_t ahead_max = 10'000;

  // Outlives a call that never ends.
  struct State {
    mutable std::mutex mutex;
    std::condition_variable has_room;
    std::vector<List> lists;
    std::vector<std::size_t> in_flight;  // of each caller
    std::vector<std::string> errors;
    std::vector<ErrorCode> codes;
    std::size_t counts[4] = {};
    std::size_t begun = 0;
    std::size_t allowed = ahead_max;
    bool is_over = false;
  };

  bool may_begin(std::size_t caller) const {
    return state_->in_flight[caller] < window_ && state_->begun < state_->allowed;
  }
  void allow_more() const {
    const std::lock_guard lock(state_->mutex);
    state_->allowed = state_->begun + ahead_max;
    state_->has_room.notify_all();
  }

  void push_on(std::size_t caller, std::size_t lists_count) {
    for (std::size_t next = 0;; next = (next + 1) % lists_count) {
      const std::size_t index = caller * lists_count + next;
      std::size_t number = 0;
      std::string key;
      {
        std::unique_lock lock(state_->mutex);
        state_->has_room.wait(lock, [&] { return state_->is_over || may_begin(caller); });
        if (state_->is_over) return;
        ++state_->in_flight[caller];
        ++state_->begun;
        List& list = state_->lists[index];
        list.outcomes.push_back(Outcome::pending);
        number = list.outcomes.size();
        key = list.key;
      }
      client_.command<std::int64_t>(
          {"RPUSH", key, std::to_string(number)},
          [state = state_, caller, index, number](const native::Result<std::int64_t>& result) {
            const std::lock_guard lock(state->mutex);
            note(*state, state->lists[index].outcomes[number - 1], result);
            --state->in_flight[caller];
            state->has_room.notify_all();
          });
    }
  }

  static void note(State& state, Outcome& outcome, const native::Result<std::int64_t>& result) {
    if (result) {
      outcome = Outcome::acknowledged;
    } else {
      const native::Error& error = result.error();
      outcome = error.executed() == Executed::no ? Outcome::refused : Outcome::in_doubt;
      const std::string text = error.what();
      const bool is_new =
          std::find(state.errors.begin(), state.errors.end(), text) == state.errors.end();
      if (is_new) {
        state.errors.push_back(text);
        state.codes.push_back(error.code());
      }
    }
    ++state.counts[static_cast<std::size_t>(outcome)];
  }

  std::size_t count(Outcome outcome) const {
    const std::lock_guard lock(state_->mutex);
    return state_->counts[static_cast<std::size_t>(outcome)];
  }

  // In pieces: the reader of replies begins anew with each read.
  static std::vector<std::size_t> numbers_in(const ClusterGroup& group, const std::string& key) {
    constexpr std::size_t piece = 1000;
    const std::size_t owner = group.owner_of(slot_of(key));
    std::vector<std::size_t> all;
    for (;;) {
      const RawReply some = group.ask(owner, {"LRANGE", key, std::to_string(all.size()),
                                              std::to_string(all.size() + piece - 1)});
      for (const RawReply& each : some.elements) all.push_back(std::stoul(each.text));
      if (some.elements.size() < piece) return all;
    }
  }

  static void judge(const List& list, const std::vector<std::size_t>& numbers, Verdict& sum) {
    std::vector<bool> is_there(list.outcomes.size() + 1);
    std::size_t last = 0;
    for (const std::size_t number : numbers) {
      if (number >= is_there.size() || is_there[number]) {
        ++sum.twice;
      } else if (number < last) {
        ++sum.inversions;
      }
      if (number < is_there.size()) is_there[number] = true;
      last = std::max(last, number);
    }
    for (std::size_t i = 0; i < list.outcomes.size(); ++i) {
      const Outcome outcome = list.outcomes[i];
      if (outcome == Outcome::acknowledged && !is_there[i + 1]) ++sum.lost;
      if (outcome == Outcome::refused && is_there[i + 1]) ++sum.phantoms;
    }
  }

  native::Client& client_;
  const std::shared_ptr<State> state_;
  const std::size_t window_;
  std::vector<std::thread> threads_;
};

}  // namespace plimsoll::testing
