#include "plimsoll/tracer.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/transaction.h"

// What a tracer is told of which requests.

namespace plimsoll::testing::tracer_test {
namespace {

using boost::asio::use_future;
using native::Client;

// "GET WRONGTYPE/WRONGTYPE": the operation, and error type and status code where it failed.
class SpanLog final : public native::Tracer {
 public:
  void* begin(const native::TracedRequest& request) noexcept override {
    const std::lock_guard lock(mutex_);
    begun_in_.insert(std::this_thread::get_id());
    client_ = request.client;
    if (request.operation_name == unwanted) return nullptr;
    ++open_;
    std::string name(request.operation_name);
    if (request.batch_size > 0) name += " of " + std::to_string(request.batch_size);
    return new std::string(std::move(name));
  }

  void end(void* span, const native::TracedOutcome& outcome) noexcept override {
    const std::unique_ptr<std::string> name(static_cast<std::string*>(span));
    const std::lock_guard lock(mutex_);
    --open_;
    if (!outcome.error_type.empty()) {
      name->append(" ").append(outcome.error_type).append("/").append(outcome.status_code);
    }
    spans_.push_back(*name);
  }

  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::move(spans_);
  }
  int open() {
    const std::lock_guard lock(mutex_);
    return open_;
  }
  native::TracedClient client() {
    const std::lock_guard lock(mutex_);
    return client_;
  }
  bool begun_here() {
    const std::lock_guard lock(mutex_);
    return begun_in_ == std::set{std::this_thread::get_id()};
  }

  std::string unwanted;

 private:
  std::mutex mutex_;
  std::vector<std::string> spans_;
  std::set<std::thread::id> begun_in_;
  native::TracedClient client_;
  int open_ = 0;
};

using Spans = std::vector<std::string>;

struct Traced {
  explicit Traced(native::Options options = patient_options())
      : client([&] {
          options.tracer = log;
          return connected(unix_url(), std::move(options));
        }()) {}

  const std::shared_ptr<SpanLog> log = std::make_shared<SpanLog>();
  Client client;
};

TEST_CASE("a request is one span, with its command's name and never its words") {
  Traced traced;
  CHECK(traced.log->take().empty());  // a handshake is no request
  value_of(traced.client.set("trace:key", "secret", use_future));
  value_of(traced.client.get("trace:key", use_future));
  value_of(traced.client.command<std::int64_t>({"client", "id"}, use_future));
  CHECK(traced.log->take() == Spans{"SET", "GET", "CLIENT ID"});
  CHECK(traced.log->begun_here());
  CHECK(traced.log->open() == 0);
}

TEST_CASE("who is asked is said with each request") {
  native::Options options = patient_options();
  options.client_name = "orders";
  options.database = 3;
  Traced traced(options);
  value_of(traced.client.get("trace:key", use_future));
  const native::TracedClient client = traced.log->client();
  CHECK(client.system_name == "redis");
  CHECK(client.server_address == shared_server().socket_path());
  CHECK(client.server_port == 0);
  CHECK(client.network_transport == "unix");
  CHECK(client.database_namespace == "3");
  CHECK(client.client_name == "orders");
  CHECK(client.client == traced.client.statistics().owner);
}

TEST_CASE("errors of the server, of the client and of the caller have their types") {
  Traced traced;
  value_of(traced.client.set("trace:text", "text", use_future));
  static_cast<void>(finish(traced.client.command({"LLEN", "trace:text"}, use_future)));
  shared_server().pause();
  static_cast<void>(finish(traced.client.with_timeout(std::chrono::milliseconds(1))
                               .command({"GET", "trace:text"}, use_future)));
  shared_server().resume();
  static_cast<void>(finish(traced.client.command({"JSON.GET", "a"}, use_future)));
  static_cast<void>(finish(traced.client.command({"so many words", "a"}, use_future)));
  const Spans spans = traced.log->take();
  CHECK(spans == Spans{"SET", "LLEN WRONGTYPE/WRONGTYPE", "GET timed_out/", "JSON.GET ERR/ERR",
                       "unknown ERR/ERR"});
}

TEST_CASE("a transaction is a batch; requests on a connection of one's own are told, too") {
  Traced traced;
  auto transaction = traced.client.transaction();
  transaction.set("trace:a", "1");
  transaction.get("trace:a");
  value_of(std::move(transaction).exec(use_future));
  auto one = traced.client.transaction();
  one.set("trace:a", "1");
  value_of(std::move(one).exec(use_future));
  CHECK(traced.log->take() == Spans{"MULTI of 2", "MULTI"});
  auto exclusive = value_of(traced.client.exclusive(use_future));
  value_of(exclusive.get("trace:a", use_future));
  CHECK(traced.log->take() == Spans{"GET"});
}

TEST_CASE("what the cache has is no request") {
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 1024;
  native::Options options = patient_options();
  options.client_side_cache = native::ClientSideCache::create(wanted).value();
  Traced traced(options);
  for (int i = 0; i < 3; ++i) value_of(traced.client.get("trace:cached", use_future));
  CHECK(traced.log->take().size() <= 3);
  value_of(traced.client.set("trace:cached", "x", use_future));
  value_of(traced.client.get("trace:cached", use_future));
  traced.log->take();
  value_of(traced.client.get("trace:cached", use_future));
  CHECK(traced.log->take().empty());
}

TEST_CASE("a request that the tracer does not want is not told any more") {
  Traced traced;
  traced.log->unwanted = "GET";
  value_of(traced.client.set("trace:a", "1", use_future));
  value_of(traced.client.get("trace:a", use_future));
  CHECK(traced.log->take() == Spans{"SET"});
}

TEST_CASE("requests that wait for room, are cancelled with the client or never sent end once") {
  native::Options options = patient_options();
  options.inflight_requests_limit = 2;
  options.inflight_overflow = native::OnLimit::wait;
  options.waiters_max = 3;
  const auto log = std::make_shared<SpanLog>();
  options.tracer = log;
  {
    Client client = connected(unix_url(), options);
    for (int i = 0; i < 20; ++i) client.get("trace:a", [](const auto&) {});
  }
  CHECK(eventually([&] { return log->open() == 0; }));
  CHECK(log->take().size() == 20);
}

TEST_CASE("spans of an executor that is destroyed end as abandoned") {
  const auto log = std::make_shared<SpanLog>();
  {
    boost::asio::io_context context;
    native::Options options = patient_options();
    options.tracer = log;
    auto connecting =
        native::connect(context.get_executor(), unix_url(), options, boost::asio::use_future);
    while (connecting.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      context.run_one_for(patience());
    }
    Client client = connecting.get().value();
    client.get("trace:a", [](const auto&) {});
  }
  CHECK(log->open() == 0);
  const Spans spans = log->take();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].starts_with("GET "));
}

}  // namespace
}  // namespace plimsoll::testing::tracer_test
