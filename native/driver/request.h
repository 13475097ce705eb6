#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/native/call/call.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/native/driver/driver.h"
#include "plimsoll/staleness.h"
#include "plimsoll/start.h"

namespace plimsoll::inline v0::native {

/// A command on its way to a driver. At first it refers to the caller's arguments. When it is moved
/// or copied, as lazy tokens (deferred, use_awaitable) do to start later, it copies the arguments.
/// A copy of up to copied_bytes_inline bytes lies in the Request itself, and so in the memory of
/// its holder; the requests pool pays for a longer one, and if the pool has no room, the call is
/// refused when it starts. So a callback costs no copy, and a deferred call does not dangle.
class Request {
 public:
  /// Of the encoded command.
  static constexpr std::size_t copied_bytes_inline = 128;

  Request(Driver& driver, Timeout timeout, const CommandView& command,
          Staleness staleness = any_staleness)
      : driver_(&driver),
        kind_(Kind::command),
        timeout_(timeout),
        staleness_(staleness),
        command_(&command) {}

  /// For a held connection, if `channel` has one.
  Request(const Channel& channel, const CommandView& command)
      : driver_(channel.driver.get()),
        kind_(Kind::channel_command),
        timeout_(channel.timeout),
        command_(&command),
        channel_(&channel) {}

  /// A command that is refused before it is sent.
  Request(Driver& driver, const plimsoll::Error& refusal)
      : driver_(&driver), kind_(Kind::refusal), refusal_(&refusal) {}

  /// Driver::close().
  explicit Request(Driver& driver) : driver_(&driver), kind_(Kind::close) {}

  Request(Request&& other) : Request(std::as_const(other)) {}
  Request(const Request& other);
  Request& operator=(const Request&) = delete;
  // Inlined, because each command ends with it, and nearly all were never copied.
  [[gnu::always_inline]] ~Request() {}

  /// Starts the request. The outcome comes from the cache or the server.
  void start(Operation& operation) const {
    if (kind_ != Kind::command) return send_otherwise(operation);
    driver_->call(*command_, timeout_, operation, staleness_);
  }
  /// The same, without a look into the cache.
  void send(Operation& operation) const {
    if (kind_ != Kind::command) return send_otherwise(operation);
    driver_->submit(*command_, timeout_, operation, staleness_);
  }

  /// If the cache has the reply, delivers it and returns true: then the caller must complete
  /// `operation`.
  bool deliver_cached(Operation& operation) const {
    if (kind_ != Kind::command || !driver_->has_cache()) return false;
    return driver_->deliver_cached(*command_, staleness_, operation);
  }

  Driver& driver() const { return *driver_; }

 private:
  enum class Kind : std::uint8_t { command, channel_command, refusal, close };

  void send_otherwise(Operation& operation) const;

  void make_luggage();
  void copy_command(const Request& other);
  void refer_to(CommandView& copy, std::string_view encoded, const CommandView& command);

  // A short command for a client's main connection: the usual copy, made without a block.
  struct ShortCopy {
    explicit ShortCopy(std::shared_ptr<Driver> kept);
    ~ShortCopy();
    std::shared_ptr<Driver> driver;
    CommandView command;
    char bytes[copied_bytes_inline];
  };

  // Copies of everything else that a request refers to.
  struct Luggage;
  struct DropLuggage {
    void operator()(Luggage* luggage) const;
  };

  Driver* driver_;
  Kind kind_;
  Timeout timeout_{};
  Staleness staleness_ = any_staleness;
  const CommandView* command_ = nullptr;
  const plimsoll::Error* refusal_ = nullptr;
  const Channel* channel_ = nullptr;
  std::optional<ShortCopy> short_copy_;
  std::unique_ptr<Luggage, DropLuggage> luggage_;
};

/// Starts `request` in the form that `token` asks for. Returns a Call<T> for Start, else what Asio
/// returns for the token with the signature void(Result<T>).
template <class T, class Token>
auto start(Request&& request, Token&& token) {
  if constexpr (std::is_same_v<std::decay_t<Token>, Start>) {
    auto& state = detail::CallState<T>::create(request.driver().origin());
    Call<T> call(state);
    if (request.deliver_cached(state)) {
      state.finish();
    } else {
      request.send(state);
    }
    return call;
  } else {
    return boost::asio::async_initiate<Token, void(Result<T>)>(
        [](auto&& handler, const Request& started) {
          using Handler = std::decay_t<decltype(handler)>;
          started.start(CallbackOperation<T, Handler>::create(
              std::forward<decltype(handler)>(handler), started.driver().executor()));
        },
        token, std::move(request));
  }
}

}  // namespace plimsoll::inline v0::native
