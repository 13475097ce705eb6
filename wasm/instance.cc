#include "plimsoll/wasm/instance.h"

#include <new>

#include "plimsoll/core/base/check.h"

namespace plimsoll::wasm {

Status Instance::configure(std::uint64_t memory_limit) {
  if (line_ != nullptr) {
    const std::size_t drawn = line_->budget.statistics().limit;
    if (drawn == memory_limit) return {};
    return Error{.code = ErrorCode::invalid_option,
                 .what = "another memory_limit is in force in this instance",
                 .expected = "one value for all clients, set once",
                 .value = memory_limit,
                 .limit = drawn};
  }
  if (memory_limit > plimsoll_memory_limit_max) {
    return Error{.code = ErrorCode::invalid_option,
                 .what = "memory_limit is more than the module's memory can hold",
                 .expected = "224 MiB (234881024 bytes) or less",
                 .value = memory_limit,
                 .limit = plimsoll_memory_limit_max};
  }
  if (memory_limit < memory_limit_min) {
    return Error{.code = ErrorCode::invalid_option,
                 .what = "memory_limit is less than a client needs",
                 .expected = "1 MiB (1048576 bytes) or more",
                 .value = memory_limit,
                 .limit = memory_limit_min};
  }
  draw_line(static_cast<std::size_t>(memory_limit));
  return {};
}

void Instance::draw_line(std::size_t memory_limit) {
  line_ = new (line_place_) DrawnLine(memory_limit, memory_);
}

DrawnLine& Instance::line() {
  if (line_ == nullptr) draw_line(BudgetOptions().memory_limit);
  return *line_;
}

Result<std::int32_t> Instance::create(const ClientOptions& client_options, Instant now) {
  Budget& budget = line().budget;
  Result<HostedClient*> client = HostedClient::create(budget, client_options);
  if (!client) return client.error();
  const std::int32_t id = clients.add(**client);
  if (id == 0) {
    HostedClient::destroy(**client, budget);
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "too many clients in this instance",
                 .value = plimsoll_clients_max,
                 .limit = plimsoll_clients_max};
  }
  (*client)->client().connect(now);
  return id;
}

bool Instance::destroy(std::int32_t id) {
  HostedClient* const client = clients.remove(id);
  if (client == nullptr) return false;
  HostedClient::destroy(*client, line_->budget);
  return true;
}

}  // namespace plimsoll::wasm
