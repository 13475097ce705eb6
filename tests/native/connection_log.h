#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "plimsoll/options.h"

namespace plimsoll::testing {

/// What Options::on_connection was told. May go before the client does.
class ConnectionLog {
 public:
  /// Has clients with these options tell this log.
  void listen(native::Options& options) const {
    options.on_connection = [all = all_](const native::ConnectionEvent& event) {
      const std::lock_guard lock(all->mutex);
      if (!all->story.empty()) all->story += ' ';
      switch (event.kind) {
        case native::ConnectionEvent::Kind::connected: all->story += "connected"; break;
        case native::ConnectionEvent::Kind::disconnected: all->story += "disconnected"; break;
        case native::ConnectionEvent::Kind::closed: all->story += "closed"; break;
        case native::ConnectionEvent::Kind::credentials_refused:
          all->story += "credentials_refused";
          break;
      }
      if (event.error) all->last_error = event.error;
    };
  }

  /// "connected disconnected closed".
  std::string story() const {
    const std::lock_guard lock(all_->mutex);
    return all_->story;
  }

  /// The last error that came with an event.
  std::optional<native::Error> last_error() const {
    const std::lock_guard lock(all_->mutex);
    return all_->last_error;
  }

 private:
  struct All {
    std::mutex mutex;
    std::string story;
    std::optional<native::Error> last_error;
  };
  std::shared_ptr<All> all_ = std::make_shared<All>();
};

}  // namespace plimsoll::testing
