#include "plimsoll/native/call/handler_work.h"

#include <boost/asio/strand.hpp>

namespace plimsoll::inline v0::native::detail {

asio::any_io_executor inner_executor(const asio::any_io_executor& executor) {
  const auto* const strand = executor.target<asio::strand<asio::any_io_executor>>();
  if (strand == nullptr) return {};
  return strand->get_inner_executor();
}

}  // namespace plimsoll::inline v0::native::detail
