#include "plimsoll/native/delivery.h"

#include "plimsoll/native/driver.h"

namespace plimsoll::native {

std::shared_ptr<Driver> share(Driver& driver) { return driver.shared_from_this(); }

Error to_error(const Delivery& delivery) {
  if (delivery.failure != nullptr) return *delivery.failure;
  const plimsoll::Error& error = *delivery.error;
  if (delivery.value != nullptr) {
    if (const auto words = delivery.value->as_error()) {
      return Error(error, ServerWords{to_string(*words)});
    }
  }
  return Error(error, delivery.detail == nullptr ? std::string_view() : *delivery.detail);
}

}  // namespace plimsoll::native
