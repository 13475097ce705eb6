#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/ip/address.hpp>

#include "plimsoll/native/runtime/name_lookups.h"
#include "plimsoll/tests/native/patience.h"

// A resolver under which each name that begins with "hung" has no answer until let_go(), as if its
// name server were silent. All others are this machine.

namespace plimsoll::testing {

class HungNames {
 public:
  explicit HungNames(native::NameLookups& lookups) : lookups_(lookups) {
    lookups.resolve_by([state = state_](const std::string& name) {
      std::unique_lock lock(state->mutex);
      ++state->asked[name];
      if (name.starts_with("hung")) {
        state->changed.wait(lock, [&] { return state->is_let_go; });
      }
      return native::NameLookups::Found{{}, {boost::asio::ip::make_address("127.0.0.1")}};
    });
  }
  /// Waits until no name is looked up: who asks next must not get an answer of this one.
  ~HungNames() {
    let_go();
    eventually([this] { return lookups_.names_count() == 0; });
  }
  HungNames(const HungNames&) = delete;
  HungNames& operator=(const HungNames&) = delete;

  void let_go() {
    const std::lock_guard lock(state_->mutex);
    state_->is_let_go = true;
    state_->changed.notify_all();
  }

  /// How often the name was looked up.
  int asked(const std::string& name) const {
    const std::lock_guard lock(state_->mutex);
    const auto place = state_->asked.find(name);
    return place == state_->asked.end() ? 0 : place->second;
  }
  /// How many names were.
  std::size_t asked() const {
    const std::lock_guard lock(state_->mutex);
    return state_->asked.size();
  }

 private:
  // The threads that look up may see the end of this object.
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_let_go = false;
    std::map<std::string, int> asked;
  };
  native::NameLookups& lookups_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace plimsoll::testing
