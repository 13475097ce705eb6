#include "plimsoll/native/call/delivery.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "plimsoll/core/resp/error_reply.h"

namespace plimsoll::inline v0::native {
namespace {

// Removes passwords from the server's words. A server that does not know a command repeats its
// arguments: for AUTH, and for HELLO with AUTH, they include a password.
std::string without_secrets(std::string words) {
  const std::size_t arguments = words.find(", with args beginning with:");
  if (arguments == words.npos) return words;
  const std::string_view secretive = "'AUTH'";
  const auto found = std::search(words.begin(), words.end(), secretive.begin(), secretive.end(),
                                 [](char a, char b) { return a == b || a == b + 'a' - 'A'; });
  if (found != words.end()) words.resize(arguments);
  return words;
}

Error undecoded(Executed executed, const char* why) {
  return Error(ErrorCode::wrong_type, executed, std::string("decoding the reply failed: ") + why);
}

}  // namespace

Error to_error(const Delivery& delivery) {
  if (delivery.failure != nullptr) return *delivery.failure;
  const plimsoll::Error& error = *delivery.error;
  if (delivery.value != nullptr) {
    if (const auto words = delivery.value->as_error()) {
      const std::string text = without_secrets(to_string(*words));
      return Error(error, ServerWords{words_of_bridge(text)});
    }
  }
  return Error(error, delivery.detail == nullptr ? std::string_view() : *delivery.detail);
}

Executed executed(const Delivery& delivery) noexcept {
  if (delivery.failure != nullptr) return delivery.failure->executed();
  return delivery.error != nullptr ? delivery.error->executed : Executed::yes;
}

Error detail::to_error_of_exception(const Delivery& delivery) noexcept {
  const Executed ran = executed(delivery);
  try {
    try {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& problem) {
      return undecoded(ran, problem.what());
    } catch (...) {
      return undecoded(ran, "an exception that is no std::exception");
    }
  } catch (const std::bad_alloc&) {
    return no_memory_to_deliver(ran);
  }
}

}  // namespace plimsoll::inline v0::native
