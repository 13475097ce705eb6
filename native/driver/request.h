#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/native/call/call.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/native/driver/driver.h"
#include "plimsoll/native/driver/held_words.h"
#include "plimsoll/staleness.h"
#include "plimsoll/start.h"

namespace plimsoll::native {

/// A command on its way to a driver. It refers to its arguments where they lie; only when it is
/// moved or copied, as lazy tokens do (deferred, use_awaitable) that start later, it takes a copy
/// of them along, which the requests pool pays for: where that has no room, the call is refused
/// once it is started. So a callback costs no copy, and a deferred call does not dangle.
class Request {
 public:
  Request(Driver& driver, Timeout timeout, const CommandView& command,
          Staleness staleness = any_staleness)
      : driver_(&driver),
        kind_(Kind::command),
        timeout_(timeout),
        staleness_(staleness),
        command_(&command) {}

  /// For a connection of one's own.
  Request(const Channel& channel, const CommandView& command)
      : driver_(channel.driver.get()),
        kind_(Kind::command),
        timeout_(channel.timeout),
        command_(&command),
        channel_(&channel) {}

  /// A command that is refused before it is sent.
  Request(Driver& driver, const plimsoll::Error& refusal)
      : driver_(&driver), kind_(Kind::refusal), refusal_(&refusal) {}

  /// An orderly end.
  explicit Request(Driver& driver) : driver_(&driver), kind_(Kind::close) {}

  Request(Request&& other) : Request(std::as_const(other)) {}
  Request(const Request& other);
  Request& operator=(const Request&) = delete;
  ~Request() = default;

  /// The outcome comes from the cache or the server.
  void start(Operation& operation) const;
  /// From the server.
  void send(Operation& operation) const;

  /// Delivers what the cache has of it: `operation` is then to be completed.
  bool deliver_cached(Operation& operation) const {
    if (kind_ != Kind::command || channel_ != nullptr) return false;
    return driver_->deliver_cached(*command_, staleness_, operation);
  }

  Driver& driver() const { return *driver_; }

 private:
  enum class Kind : std::uint8_t { command, refusal, close };

  // What a request takes along when it travels.
  struct Luggage {
    std::shared_ptr<Driver> driver;
    HeldRequest held;
    CommandView command;
    plimsoll::Error refusal;
    Channel channel;
  };

  Driver* driver_;
  Kind kind_;
  Timeout timeout_{};
  Staleness staleness_ = any_staleness;
  const CommandView* command_ = nullptr;
  const plimsoll::Error* refusal_ = nullptr;
  const Channel* channel_ = nullptr;
  std::unique_ptr<Luggage> luggage_;
};

/// Starts `request` in the form that `token` asks for: a Call<T> for Start, else whatever Asio
/// makes of the token and void(Result<T>).
template <class T, class Token>
auto start(Request&& request, Token&& token) {
  if constexpr (std::is_same_v<std::decay_t<Token>, Start>) {
    auto state = std::make_shared<detail::CallState<T>>(request.driver().executor());
    if (request.deliver_cached(*state)) {
      state->finish();
    } else {
      request.send(state->lend());
    }
    return Call<T>(std::move(state));
  } else {
    return boost::asio::async_initiate<Token, void(Result<T>)>(
        [](auto&& handler, const Request& started) {
          using Handler = std::decay_t<decltype(handler)>;
          started.start(CallbackOperation<T, Handler>::create(std::move(handler)));
        },
        token, std::move(request));
  }
}

}  // namespace plimsoll::native
