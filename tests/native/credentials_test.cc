#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/awaited_credentials.h"
#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/increments.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

// Passwords that change while a client runs: by hand, and by Options::credentials.

namespace plimsoll::testing::credentials_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Credentials;
using native::CredentialsRequest;
using native::Error;
using native::Options;
using namespace std::chrono_literals;

SessionCounters counters(const Client& client) { return client.statistics().client.counters; }

// A server on which jane's passwords come and go.
struct JanesServer : ValkeyServer {
  JanesServer() { ask("ACL SETUSER jane on >first ~* &* +@all"); }

  void change_password(const std::string& from, const std::string& to) const {
    ask("ACL SETUSER jane >" + to + " <" + from);
  }

  // How often the server was told AUTH.
  int auths_count() const {
    const std::string stats = ask("INFO commandstats");
    const std::string words = "cmdstat_auth:calls=";
    const std::size_t at = stats.find(words);
    return at == stats.npos ? 0 : std::stoi(stats.substr(at + words.size()));
  }
};

// Who answers Options::credentials, from the test's own thread.
class Vault {
 public:
  void serve(Options& options) {
    options.credentials = [all = all_](const CredentialsRequest& request) {
      const std::lock_guard lock(all->mutex);
      ++all->asked;
      if (all->open.size() + 1 > all->open_max) all->open_max = all->open.size() + 1;
      if (all->always) return request.succeed(*all->always);
      all->open.push_back(request);
    };
  }

  /// From now on each request is answered at once.
  void always(std::optional<Credentials> credentials) {
    const std::lock_guard lock(all_->mutex);
    all_->always = std::move(credentials);
  }

  /// The next request, which waits for its answer.
  CredentialsRequest next() {
    if (!eventually([&] { return waiting() > 0; })) throw std::runtime_error("nobody asks");
    const std::lock_guard lock(all_->mutex);
    CredentialsRequest request = all_->open.front();
    all_->open.erase(all_->open.begin());
    return request;
  }

  std::size_t waiting() const {
    const std::lock_guard lock(all_->mutex);
    return all_->open.size();
  }
  int asked() const {
    const std::lock_guard lock(all_->mutex);
    return all_->asked;
  }

 private:
  struct All {
    std::mutex mutex;
    int asked = 0;
    std::size_t open_max = 0;
    std::optional<Credentials> always;
    std::vector<CredentialsRequest> open;
  };
  std::shared_ptr<All> all_ = std::make_shared<All>();
};

Options options_of(Vault& vault) {
  Options options = patient_options();
  options.reconnect_wait_max = 20ms;
  vault.serve(options);
  return options;
}

TEST_CASE("credentials are asked for before the first connection, and used for it") {
  JanesServer server;
  Vault vault;
  auto connecting = native::connect(server.url(), options_of(vault), use_future);
  vault.next().succeed({.username = "jane", .password = "first", .lifetime = 1h});
  Client client = value_of(std::move(connecting));
  CHECK(value_of(client.command<std::string>({"ACL", "WHOAMI"}, use_future)) == "jane");
  server.ask("CLIENT KILL TYPE normal");
  CHECK(value_of(client.ping(use_future)) == "PONG");
  CHECK(counters(client).connections == 2);
  CHECK(vault.asked() == 1);  // they last
}

TEST_CASE("the user may be in the address, and the password be asked for") {
  JanesServer server;
  Vault vault;
  Options options = options_of(vault);
  options.username = "jane";
  vault.always(Credentials{.password = "first"});
  Client client = connected(server.url(), options);
  CHECK(value_of(client.command<std::string>({"ACL", "WHOAMI"}, use_future)) == "jane");
}

TEST_CASE("credentials without a lifetime are asked for again before each connection") {
  JanesServer server;
  Vault vault;
  vault.always(Credentials{.username = "jane", .password = "first"});
  Client client = connected(server.url(), options_of(vault));
  CHECK(vault.asked() == 1);
  server.change_password("first", "second");
  vault.always(Credentials{.username = "jane", .password = "second"});
  server.ask("CLIENT KILL TYPE normal");
  CHECK(value_of(client.ping(use_future)) == "PONG");
  CHECK(eventually([&] { return counters(client).connections == 2; }));
  CHECK(vault.asked() == 2);
}

TEST_CASE("credentials are renewed before they end, and the connection notices nothing") {
  JanesServer server;
  Vault vault;
  ConnectionLog log;
  Options options = options_of(vault);
  log.listen(options);
  auto connecting = native::connect(server.url(), options, use_future);
  vault.next().succeed({.username = "jane", .password = "first", .lifetime = test_timeout(200ms)});
  Client client = value_of(std::move(connecting));
  Increments work;
  for (const auto& [from, to] : {std::pair("first", "second"), std::pair("second", "third")}) {
    const CredentialsRequest request = vault.next();  // half of their lifetime ahead
    work.start(client, 100);
    server.ask(std::string("ACL SETUSER jane >") + to);
    const int auths = server.auths_count();
    request.succeed({.username = "jane", .password = to, .lifetime = test_timeout(200ms)});
    work.start(client, 100);
    CHECK(eventually([&] { return server.auths_count() == auths + 1; }));
    server.ask(std::string("ACL SETUSER jane <") + from);
  }
  CHECK(eventually([&] { return work.all_ended(); }));
  CHECK(work.completed() == work.started());
  CHECK(log.story() == "connected");
  CHECK(server.ask("ACL LOG").starts_with("*0\r\n"));
  server.ask("CLIENT KILL TYPE normal");
  CHECK(value_of(client.ping(use_future)) == "PONG");
}

TEST_CASE("a coroutine may answer, which waits for others meanwhile") {
  JanesServer server;
  Options options = patient_options();
  int runs = 0;
  options.credentials =
      native::awaited([&runs, name = std::string("jane")]() -> boost::asio::awaitable<Credentials> {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 1ms);
        co_await timer.async_wait(boost::asio::use_awaitable);
        if (++runs == 1) throw std::runtime_error("the vault is shut");
        Credentials credentials;
        credentials.username = name;
        credentials.password = "first";
        co_return credentials;
      });
  Client client = connected(server.url(), options);
  CHECK(value_of(client.command<std::string>({"ACL", "WHOAMI"}, use_future)) == "jane");
  CHECK(counters(client).attempts_failed == 1);
}

TEST_CASE("a coroutine may wait for the first of several, on an executor of several threads") {
  using namespace boost::asio::experimental::awaitable_operators;
  JanesServer server;
  Options options = patient_options();
  int waits = 0;  // no atomic: TSan would see two threads at a time
  options.credentials = native::awaited([&waits]() -> boost::asio::awaitable<Credentials> {
    for (; waits < 300; ++waits) {
      boost::asio::steady_timer one(co_await boost::asio::this_coro::executor, 100us);
      boost::asio::steady_timer other(co_await boost::asio::this_coro::executor, 100us);
      co_await (one.async_wait(boost::asio::use_awaitable) ||
                other.async_wait(boost::asio::use_awaitable));
    }
    Credentials credentials;
    credentials.username = "jane";
    credentials.password = "first";
    co_return credentials;
  });
  boost::asio::thread_pool pool(4);
  {
    Client client =
        finish(native::connect(pool.get_executor(), server.url(), options, use_future)).value();
    CHECK(value_of(client.command<std::string>({"ACL", "WHOAMI"}, use_future)) == "jane");
  }
  pool.join();
  CHECK(waits == 300);
}

// A way to fail, and the words by which the error tells of it.
struct Failure {
  std::function<void(const CredentialsRequest&)> answer;
  std::string words;
};

std::vector<Failure> all_failures() {
  return {
      {[](const CredentialsRequest&) { throw std::runtime_error("the vault is shut"); },
       "the vault is shut"},
      {[](const CredentialsRequest&) { throw 7; }, "no reason was given"},
      {[](const CredentialsRequest& request) { request.fail("the vault is on fire"); },
       "the vault is on fire"},
      {[](const CredentialsRequest&) {}, "dropped without an answer"},
      {[](const CredentialsRequest& request) { request.succeed({.username = "jane"}); },
       "no password"},
  };
}

TEST_CASE(
    "a function that fails to answer fails the attempt, and is asked again, until time is up") {
  JanesServer server;
  const std::vector<Failure> failures = all_failures();
  std::vector<std::atomic<int>> asked(failures.size());
  // All at once: each takes until its time is up.
  std::vector<std::future<native::Result<Client>>> attempts;
  for (std::size_t i = 0; i < failures.size(); ++i) {
    Options options = patient_options();
    options.connect_timeout = test_timeout(300ms);
    options.reconnect_wait_max = 20ms;
    options.credentials = [&count = asked[i],
                           answer = failures[i].answer](const CredentialsRequest& request) {
      ++count;
      answer(request);
    };
    attempts.push_back(native::connect(server.url(), options, use_future));
  }
  for (std::size_t i = 0; i < failures.size(); ++i) {
    const Error error = error_of(std::move(attempts[i]));
    CAPTURE(failures[i].words);
    CHECK(error.code() == ErrorCode::credentials_failed);
    CHECK(error.executed() == Executed::no);
    CHECK_THAT(error.what(), ContainsSubstring(failures[i].words));
    CHECK(asked[i] > 1);
  }
}

TEST_CASE("a function that never answers ends connect() in time, and is asked once") {
  JanesServer server;
  Vault vault;
  Options options = options_of(vault);
  options.connect_timeout = test_timeout(200ms);
  const Error error = error_of(native::connect(server.url(), options, use_future));
  CHECK(error.code() == ErrorCode::credentials_failed);
  CHECK_THAT(error.what(), ContainsSubstring("Options::credentials did not answer in time"));
  CHECK(vault.asked() == 1);
  vault.next().succeed({.username = "jane", .password = "first"});  // nobody is there any more
}

TEST_CASE("an answer that comes late is used by the next attempt") {
  JanesServer server;
  Vault vault;
  Options options = options_of(vault);
  vault.always(Credentials{.username = "jane", .password = "first"});
  options.connect_timeout = test_timeout(100ms);
  Client client = connected(server.url(), options);
  vault.always(std::nullopt);
  server.ask("CLIENT KILL TYPE normal");
  auto waiting = client.ping(use_future);
  CHECK(eventually([&] { return counters(client).attempts_failed >= 3; }));
  CHECK(vault.asked() == 2);
  CHECK_THAT(client.statistics().last_problem, ContainsSubstring("credentials_failed"));
  CHECK_THAT(client.statistics().credentials_problem, ContainsSubstring("in time"));
  vault.next().succeed({.username = "jane", .password = "first", .lifetime = 1h});
  CHECK(value_of(std::move(waiting)) == "PONG");
  CHECK(client.statistics().credentials_problem == "");
}

TEST_CASE("while renewing fails the connection goes on, and it is asked again and again") {
  JanesServer server;
  Vault vault;
  Options options = options_of(vault);
  auto connecting = native::connect(server.url(), options, use_future);
  vault.next().succeed({.username = "jane", .password = "first", .lifetime = test_timeout(20ms)});
  Client client = value_of(std::move(connecting));
  for (int i = 0; i < 5; ++i) {
    vault.next().fail("the vault is shut");
    CHECK(value_of(client.ping(use_future)) == "PONG");
  }
  CHECK(eventually([&] { return client.statistics().credentials_problem == "the vault is shut"; }));
  vault.next().succeed({.username = "jane", .password = "first", .lifetime = 1h});
  CHECK(eventually([&] { return client.statistics().credentials_problem.empty(); }));
  CHECK(counters(client).connections == 1);
  CHECK(counters(client).attempts_failed == 0);
}

TEST_CASE("credentials that the server does not take are told, and others asked for") {
  JanesServer server;
  Vault vault;
  ConnectionLog log;
  Options options = options_of(vault);
  log.listen(options);
  auto connecting = native::connect(server.url(), options, use_future);
  vault.next().succeed({.username = "jane", .password = "first", .lifetime = test_timeout(100ms)});
  Client client = value_of(std::move(connecting));
  vault.next().succeed({.username = "jane", .password = "wrong", .lifetime = 1h});
  const CredentialsRequest again = vault.next();
  CHECK(eventually([&] { return log.story() == "connected credentials_refused"; }));
  CHECK_THAT(log.last_error()->what(),
             ContainsSubstring("WRONGPASS") && !ContainsSubstring("wrong-"));
  CHECK(value_of(client.ping(use_future)) == "PONG");
  again.succeed({.username = "jane", .password = "first", .lifetime = 1h});
  server.ask("CLIENT KILL TYPE normal");
  CHECK(value_of(client.ping(use_future)) == "PONG");
}

TEST_CASE("a client whose credentials are asked for may end at any time") {
  JanesServer server;
  Vault vault;
  Options options = options_of(vault);
  SECTION("while it connects") {
    auto connecting = native::connect(server.url(), options, use_future);
    const CredentialsRequest request = vault.next();
    {
      // connect() was dropped before it came to a client: nothing is left to be done.
      options = Options();
    }
    request.succeed({.username = "jane", .password = "first"});
    CHECK(value_of(value_of(std::move(connecting)).ping(use_future)) == "PONG");
  }
  SECTION("while it renews") {
    auto connecting = native::connect(server.url(), options, use_future);
    vault.next().succeed({.username = "jane", .password = "first", .lifetime = test_timeout(20ms)});
    Client client = value_of(std::move(connecting));
    const CredentialsRequest request = vault.next();
    SECTION("in order") { value_of(client.close(use_future)); }
    SECTION("at once") { client = Client(); }
    request.succeed({.username = "jane", .password = "first"});
    request.fail("twice");
  }
}

TEST_CASE(
    "a client on a context of its own lets that end, though its credentials would be renewed") {
  JanesServer server;
  run([](const JanesServer& jane) -> boost::asio::awaitable<void> {
    Options options = patient_options();
    options.credentials = [](const CredentialsRequest& request) {
      request.succeed({.username = "jane", .password = "first", .lifetime = 24h});
    };
    Client client =
        co_await native::connect(co_await boost::asio::this_coro::executor, jane.url(), options);
    co_await client.ping();
  }(server));
}

TEST_CASE("a password alone and a function are one too many") {
  Options options;
  options.password = "hunter2";
  options.credentials = [](const CredentialsRequest&) {};
  const Error error = error_of(native::connect("valkey://127.0.0.1:1", options, use_future));
  CHECK(error.code() == ErrorCode::invalid_option);
  CHECK_THAT(error.what(), !ContainsSubstring("hunter2"));
}

TEST_CASE("a password that is changed by hand is told to the connection, and used for the next") {
  JanesServer server;
  Options options = patient_options();
  options.username = "jane";
  options.password = "first";
  ConnectionLog log;
  log.listen(options);
  Client client = connected(server.url(), options);
  server.ask("ACL SETUSER jane >second");
  const int auths = server.auths_count();
  client.set_credentials("jane", "second");
  CHECK(eventually([&] { return server.auths_count() == auths + 1; }));
  server.ask("ACL SETUSER jane <first");
  CHECK(value_of(client.ping(use_future)) == "PONG");
  CHECK(log.story() == "connected");
  server.ask("CLIENT KILL TYPE normal");
  CHECK(eventually([&] { return log.story() == "connected disconnected connected"; }));
  CHECK(value_of(client.command<std::string>({"ACL", "WHOAMI"}, use_future)) == "jane");
}

TEST_CASE("a password by hand that the server does not take is told, and changes nothing") {
  JanesServer server;
  Options options = patient_options();
  options.username = "jane";
  options.password = "first";
  ConnectionLog log;
  log.listen(options);
  Client client = connected(server.url(), options);
  client.set_credentials("jane", "nonsense");
  CHECK(eventually([&] { return log.story() == "connected credentials_refused"; }));
  CHECK(log.last_error()->server_code() == "WRONGPASS");
  CHECK_THAT(log.last_error()->what(), !ContainsSubstring("nonsense"));
  CHECK(value_of(client.command<std::string>({"ACL", "WHOAMI"}, use_future)) == "jane");
}

}  // namespace
}  // namespace plimsoll::testing::credentials_test
