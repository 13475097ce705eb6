#include "plimsoll/native/base/executor_life.h"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

namespace plimsoll::inline v0::native {

namespace asio = boost::asio;

// A context shuts its services down in the reverse order in which they were added. Its scheduler
// was added first, so it shuts down after this service, and destroys the handlers that are left.
// Handlers that were posted before end() are among these, so none leaks.
class ExecutorLife::Service final : public asio::execution_context::service {
 public:
  using key_type = Service;
  inline static asio::execution_context::id id;

  explicit Service(asio::execution_context& context) : service(context) {}

  const std::shared_ptr<ExecutorLife> life = std::make_shared<ExecutorLife>();

 private:
  void shutdown() override { life->end(); }
};

std::shared_ptr<ExecutorLife> ExecutorLife::of(const asio::any_io_executor& executor) {
  return asio::use_service<Service>(asio::query(executor, asio::execution::context)).life;
}

}  // namespace plimsoll::inline v0::native
