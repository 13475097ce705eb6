#include "plimsoll/native/base/executor_life.h"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

namespace plimsoll::native {

namespace asio = boost::asio;

// A context shuts its services down in the reverse order of their coming, and its scheduler, which
// was the first, destroys the handlers that are left: those that come before end() are among them.
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

}  // namespace plimsoll::native
