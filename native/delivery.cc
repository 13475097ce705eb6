#include "plimsoll/native/delivery.h"

#include "plimsoll/native/driver.h"

namespace plimsoll::native {

std::shared_ptr<Driver> share(Driver& driver) { return driver.shared_from_this(); }

Error to_error(const Delivery& delivery) {
  if (delivery.failure != nullptr) return *delivery.failure;
  const plimsoll::Error& error = *delivery.error;
  if (delivery.value != nullptr) {
    if (const auto text = delivery.value->as_error()) {
      return Error(error.code, error.executed, to_string(*text));
    }
  }
  if (delivery.detail == nullptr || delivery.detail->empty()) return Error(error);
  const Error plain(error);
  return Error(error.code, error.executed,
               std::string(plain.text()) + " (" + *delivery.detail + ")");
}

}  // namespace plimsoll::native
