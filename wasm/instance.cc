#include "plimsoll/wasm/instance.h"

#include <new>

#include "plimsoll/core/base/check.h"
#include "plimsoll/wasm/linear_memory.h"
#include "plimsoll/wasm/misuse.h"

namespace plimsoll::wasm {
namespace {

constinit Instance the_instance;

Status validate(std::uint64_t memory_limit) {
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
  return {};
}

Error too_many(const char* what, std::uint64_t limit) {
  return Error{.code = ErrorCode::rejected_by_limit, .what = what, .value = limit, .limit = limit};
}

}  // namespace

Instance& instance() { return the_instance; }

Status Instance::configure(std::uint64_t memory_limit) {
  if (line_ != nullptr) {
    const std::size_t drawn = line_->budget.options().memory_limit;
    if (drawn == memory_limit) return {};
    return Error{.code = ErrorCode::invalid_option,
                 .what = "another memory_limit is in force in this instance",
                 .expected = "one value for all clients, set once",
                 .value = memory_limit,
                 .limit = drawn};
  }
  if (const Status valid = validate(memory_limit); !valid) return valid;
  draw_line(static_cast<std::size_t>(memory_limit));
  return {};
}

Status Instance::set_memory_limit(std::uint64_t memory_limit) {
  if (const Status valid = validate(memory_limit); !valid) return valid;
  const Status set = line().budget.set_memory_limit(static_cast<std::size_t>(memory_limit));
  if (set) bound_linear_memory(static_cast<std::size_t>(memory_limit));
  return set;
}

void Instance::draw_line(std::size_t memory_limit) {
  bound_linear_memory(memory_limit);
  line_ = new (line_place_) DrawnLine(memory_limit, memory_, outbox.staging);
}

DrawnLine& Instance::line() {
  if (line_ == nullptr) draw_line(BudgetOptions().memory_limit);
  return *line_;
}

Result<std::int32_t> Instance::create(const ClientOptions& client_options,
                                      const HostedServers& servers, std::int32_t cache_id,
                                      std::string_view source, Instant now) {
  Budget& budget = line().budget;
  HostedCache* const cache = caches.find(cache_id);
  if (cache == nullptr && cache_id != 0) return misuse("there is no such cache");
  const Result<HostedClient*> client =
      HostedClient::create(budget, client_options, servers, cache, source);
  if (!client) return client.error();
  const std::int32_t id = clients.add(**client);
  if (id == 0) {
    HostedClient::destroy(**client, budget);
    return too_many("too many clients in this instance", plimsoll_clients_max);
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

Result<std::int32_t> Instance::create_cache(const HostedCacheOptions& options_of_it) {
  Budget& budget = line().budget;
  const Result<HostedCache*> cache = HostedCache::create(budget, options_of_it);
  if (!cache) return cache.error();
  const std::int32_t id = caches.add(**cache);
  if (id == 0) {
    HostedCache::destroy(**cache, budget);
    return too_many("too many caches in this instance", plimsoll_caches_max);
  }
  return id;
}

Status Instance::destroy_cache(std::int32_t id) {
  HostedCache* const cache = caches.find(id);
  if (cache == nullptr) return misuse("there is no such cache");
  if (cache->has_clients()) return misuse("clients read through this cache");
  caches.remove(id);
  HostedCache::destroy(*cache, line_->budget);
  return {};
}

}  // namespace plimsoll::wasm
