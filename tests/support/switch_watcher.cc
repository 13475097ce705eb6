#include "plimsoll/tests/support/switch_watcher.h"

#include <stdexcept>
#include <utility>

namespace plimsoll::testing {

using namespace std::chrono_literals;

// How soon the thread notices that it is to end, or that the sentinel is there again.
constexpr auto look_interval = 20ms;

SwitchWatcher::SwitchWatcher(std::function<RawClient()> connect)
    : connect_(std::move(connect)), thread_([this] { watch(); }) {}

SwitchWatcher::~SwitchWatcher() {
  is_over_ = true;
  thread_.join();
}

std::vector<SwitchWatcher::Switch> SwitchWatcher::switches() const {
  const std::lock_guard lock(mutex_);
  return switches_;
}

void SwitchWatcher::watch() {
  while (!is_over_) {
    try {
      RawClient sentinel = connect_();
      listen(sentinel);
    } catch (const std::runtime_error&) {  // the sentinel is down
    }
    is_subscribed_ = false;
    if (!is_over_) std::this_thread::sleep_for(look_interval);
  }
}

void SwitchWatcher::listen(RawClient& sentinel) {
  sentinel.send({"SUBSCRIBE", "+switch-master"});
  while (!is_over_) {
    const auto message = sentinel.receive(look_interval);
    if (!message || message->elements.size() != 3) continue;
    const auto now = Clock::now();
    if (message->elements[0].text == "subscribe") is_subscribed_ = true;
    if (message->elements[0].text != "message") continue;
    const std::lock_guard lock(mutex_);
    switches_.push_back({.at = now, .payload = message->elements[2].text});
  }
}

}  // namespace plimsoll::testing
