#include "plimsoll/tests/native/hung_names.h"

#include <chrono>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/memory.h"
#include "plimsoll/native/runtime/runtime.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/native/synchronous.h"

// Clients of one process, of which one has a host whose name server is silent.

namespace plimsoll::testing::hung_names_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using namespace std::chrono_literals;

constexpr const char* hung_url = "valkey://hung.example:6379";

Options hasty_options() {
  Options options = patient_options();
  options.connect_timeout = 100ms;
  return options;
}

// Runs the context until nothing is left to do.
void run_out(boost::asio::io_context& context) {
  context.restart();
  context.run_for(patience());
  REQUIRE(context.stopped());
}

std::string url_by_name() { return "valkey://localhost:" + std::to_string(shared_server().port()); }

TEST_CASE("a name that hangs keeps no other client from connecting, also after its own has ended") {
  HungNames hung(native::Runtime::get().name_lookups());
  const native::Error error = error_of(native::connect(hung_url, hasty_options(), use_future));
  CHECK(error.code() == ErrorCode::connect_failed);
  CHECK_THAT(error.what(), ContainsSubstring("the look-up of the host's name did not end in time"));
  CHECK(native::memory_statistics().name_lookups == 1);
  Client client = value_of(native::connect(url_by_name(), patient_options(), use_future));
  CHECK(value_of(client.ping(use_future)) == "PONG");
  native::SyncClient blocking = sync_connected(url_by_name());
  CHECK(blocking.ping().value() == "PONG");
  CHECK(native::memory_statistics().name_lookups == 1);
}

TEST_CASE("a client that tries a name again and again, which hangs, asks for it once") {
  HungNames hung(native::Runtime::get().name_lookups());
  boost::asio::io_context context;
  for (int i = 0; i < 3; ++i) {
    auto connecting =
        native::connect(context.get_executor(), hung_url, hasty_options(), use_future);
    run_out(context);
    CHECK(error_of(std::move(connecting)).code() == ErrorCode::connect_failed);
  }
  CHECK(hung.asked("hung.example") == 1);
}

TEST_CASE("a context whose client has ended neither runs on nor waits for a look-up") {
  HungNames hung(native::Runtime::get().name_lookups());
  const std::size_t clients_before = native::memory_statistics().clients;
  {
    boost::asio::io_context context;
    auto connecting =
        native::connect(context.get_executor(), hung_url, hasty_options(), use_future);
    run_out(context);
    CHECK(error_of(std::move(connecting)).code() == ErrorCode::connect_failed);
    // This one is destroyed with the context, in the middle of its attempt.
    const auto other =
        native::connect(context.get_executor(), hung_url, patient_options(), use_future);
    context.restart();
    context.poll();
  }
  CHECK(native::memory_statistics().clients <= clients_before);
  CHECK(hung.asked("hung.example") == 1);
  CHECK(native::memory_statistics().name_lookups == 1);
  hung.let_go();
  CHECK(eventually([] { return native::memory_statistics().name_lookups == 0; }));
}

}  // namespace
}  // namespace plimsoll::testing::hung_names_test
