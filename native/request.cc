#include "plimsoll/native/request.h"

namespace plimsoll::native {

Request::Request(const Request& other)
    : driver_(other.driver_),
      kind_(other.kind_),
      refusal_(other.refusal_),
      owned_driver_(other.driver_->shared_from_this()) {
  if (kind_ != Kind::command) return;
  encoded_.resize(encoded_size(other.command_));
  encode(other.command_, encoded_.data());
  command_.encoded = encoded_;
}

void Request::start(Operation& operation) const {
  switch (kind_) {
    case Kind::command: driver_->submit(command_, operation); return;
    case Kind::refusal: driver_->refuse(refusal_, operation); return;
    case Kind::close: driver_->close(operation); return;
  }
}

}  // namespace plimsoll::native
