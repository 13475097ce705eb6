#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <exception>
#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>

#include "plimsoll/credentials.h"

namespace plimsoll::inline v0::native {

/// Makes Options::credentials from a function that returns asio::awaitable<Credentials>:
/// `options.credentials = awaited(fetch_token);`. The coroutine runs on the client's executor, in a
/// strand of its own, so that it may use asio's || and && however many threads there are. If it
/// throws, the request fails, and the exception's what() becomes a part of error texts: put no
/// secrets there.
template <class Fetch>
auto awaited(Fetch fetch) {
  // The coroutine may refer to members of `fetch`, so `fetch` must live until the coroutine ends.
  return [fetch = std::make_shared<Fetch>(std::move(fetch))](const CredentialsRequest& request) {
    boost::asio::co_spawn(boost::asio::make_strand(request.get_executor()), (*fetch)(),
                          [fetch, request](std::exception_ptr problem, Credentials credentials) {
                            if (!problem) return request.succeed(std::move(credentials));
                            try {
                              std::rethrow_exception(problem);
                            } catch (const std::exception& error) {
                              request.fail(error.what());
                            } catch (...) {
                              request.fail("");
                            }
                          });
  };
}

}  // namespace plimsoll::inline v0::native
