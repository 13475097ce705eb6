#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>

#include "plimsoll/native/call/call.h"
#include "plimsoll/native/call/call_origin.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/start.h"

namespace plimsoll::inline v0::native {

/// start() for calls that are more than one command. Calls `begin(Operation&)` in the form that
/// `token` asks for: at once, or later if the token is lazy. Therefore `begin` must own everything
/// that it needs. The outcome is put into `made`.
template <class T, class Begin, class Token>
auto initiate(const std::shared_ptr<CallOrigin>& origin, Begin begin, Result<T> made,
              Token&& token) {
  if constexpr (std::is_same_v<std::decay_t<Token>, Start>) {
    auto& state = detail::CallState<T>::create(origin, std::move(made));
    Call<T> call(state);
    begin(state);
    return call;
  } else {
    return boost::asio::async_initiate<Token, void(Result<T>)>(
        [](auto&& handler, const std::shared_ptr<CallOrigin>& from, Begin started, Result<T> what) {
          using Handler = std::decay_t<decltype(handler)>;
          started(CallbackOperation<T, Handler>::create(std::forward<decltype(handler)>(handler),
                                                        from->executor(), std::move(what)));
        },
        token, origin, std::move(begin), std::move(made));
  }
}

}  // namespace plimsoll::inline v0::native
