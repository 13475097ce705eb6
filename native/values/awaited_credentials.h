#pragma once

#include <exception>
#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include "plimsoll/credentials.h"

namespace plimsoll::native {

/// Options::credentials of a function that returns asio::awaitable<Credentials>:
/// `options.credentials = awaited(fetch_token);`. It runs on the client's executor. What it throws
/// is a failure, whose what() goes into messages.
template <class Fetch>
auto awaited(Fetch fetch) {
  // The coroutine may refer to what the function holds for as long as it runs.
  return [fetch = std::make_shared<Fetch>(std::move(fetch))](const CredentialsRequest& request) {
    boost::asio::co_spawn(request.get_executor(), (*fetch)(),
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

}  // namespace plimsoll::native
