#pragma once

#include <memory>

#include <boost/asio/cancellation_type.hpp>

#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::native {

class Driver;

/// What a cancellation slot is given: cancels one request, if it is still under way and its client
/// still there. May be called on any thread.
class Canceller {
 public:
  Canceller(Driver& driver, RequestId id);

  void operator()(boost::asio::cancellation_type type) const;

 private:
  std::weak_ptr<Driver> driver_;
  RequestId id_;
};

}  // namespace plimsoll::native
