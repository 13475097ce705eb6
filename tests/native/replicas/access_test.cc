#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/replicas/world.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/replicas.h"

// Users, passwords and TLS at the replicas. Replicas do not get their primary's users.

namespace plimsoll::testing::native_replicas_access_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;

const std::string password = "open-the-hold";

ReplicaGroup& group() {
  static ReplicaGroup all({.replicas = 2});
  return all;
}

Options options_of(const std::string& user) {
  Options options = reading_options();
  options.username = user;
  options.password = password;
  return options;
}

void add_user(std::size_t server, const std::string& user, const std::string& rules) {
  const std::string line = "ACL SETUSER " + user + " reset on >" + password + " ~* &* " + rules;
  REQUIRE(group().ask(server, line) == "+OK\r\n");
}

TEST_CASE("a user who may not ask the primary for its replicas reads at the primary") {
  for (const std::size_t server : {0u, 1u, 2u}) add_user(server, "stoker", "+@all -info");
  seed(group(), "ship", "here");
  Client client = connected(group().url(), options_of("stoker"));
  REQUIRE(eventually_while_reading(client,
                                   [&] { return !client.topology().replicas_problem.empty(); }));
  CHECK(client.topology().replicas_problem ==
        "the user may not run INFO, which tells what the server has");
  CHECK(client.topology().replicas.empty());
  CHECK(only_these_answer(group(), client, {0}));
  CHECK(finish(client.get("ship")) == "here");

  // The client asks again.
  add_user(0, "stoker", "+@all");
  for (const std::size_t server : {1u, 2u}) add_user(server, "stoker", "+@all");
  REQUIRE(become_ready(client, group(), {1, 2}));
  CHECK(client.topology().replicas_problem.empty());
}

TEST_CASE("a user whom one replica does not know reads at the other") {
  for (const std::size_t server : {0u, 2u}) add_user(server, "cook", "+@all");
  seed(group(), "ship", "here");
  Client client = connected(group().url(), options_of("cook"));
  REQUIRE(become_ready(client, group(), {2}));
  CHECK(only_these_answer(group(), client, {2}));
  const auto unknown = known_replica(client, group().address(1));
  REQUIRE(unknown);
  CHECK(unknown->state != ReplicaState::ready);
  INFO(unknown->problem);
  CHECK_THAT(unknown->problem, ContainsSubstring("password"));
  CHECK(unknown->problem.find(password) == std::string::npos);
}

TEST_CASE("a user whom no replica knows reads at the primary") {
  add_user(0, "mate", "+@all");
  seed(group(), "ship", "here");
  Client client = connected(group().url(), options_of("mate"));
  REQUIRE(eventually_while_reading(client, [&] {
    const auto all = client.topology().replicas;
    return all.size() == 2 && !all[0].problem.empty() && !all[1].problem.empty();
  }));
  CHECK(only_these_answer(group(), client, {0}));
  CHECK(finish(client.get("ship")) == "here");

  // They learn of it, and the client comes back to them.
  for (const std::size_t server : {1u, 2u}) add_user(server, "mate", "+@all");
  REQUIRE(become_ready(client, group(), {1, 2}));
}

TEST_CASE("a user who may not ask a replica how much it has does not read there") {
  for (const std::size_t server : {0u, 1u}) add_user(server, "pilot", "+@all");
  add_user(2, "pilot", "+@all -info");
  Client client = connected(group().url(), options_of("pilot"));
  REQUIRE(become_ready(client, group(), {1}));
  CHECK(only_these_answer(group(), client, {1}));
  REQUIRE(eventually_while_reading(
      client, [&] { return !known_replica(client, group().address(2))->problem.empty(); }));
  CHECK(known_replica(client, group().address(2))->state == ReplicaState::checking);
  CHECK(known_replica(client, group().address(2))->problem ==
        "the user may not run INFO, which tells what the server has");
}

TEST_CASE("what a replica forbids and the primary allows is read at the primary") {
  add_user(0, "bosun", "+@all");
  for (const std::size_t server : {1u, 2u}) add_user(server, "bosun", "+@all -get");
  seed(group(), "ship", "here");
  Client client = connected(group().url(), options_of("bosun"));
  REQUIRE(become_ready(client, group(), {1, 2}));
  for (int i = 0; i < 50; ++i) CHECK(finish(client.get("ship")) == "here");
  // And what the primary forbids is forbidden, though a replica might allow it.
  for (const std::size_t server : {0u, 1u, 2u}) add_user(server, "bosun", "+@all -get");
  const native::Error error = error_of(client.get("ship", use_future));
  CHECK(error.code() == ErrorCode::permission_denied);
}

TEST_CASE("replicas want the password that the primary wants, with TLS and without") {
  const bool has_tls = GENERATE(false, true);
  const CertificateAuthority authority;
  ReplicaGroupOptions all{.replicas = 1, .password = password};
  if (has_tls) {
    all.listen = Listen::unix_socket_and_tls;
    all.arguments = tls_arguments(authority, authority.issue("server"));
    all.arguments.insert(all.arguments.end(), {"--tls-replication", "yes"});
  }
  ReplicaGroup guarded(all);
  seed(guarded, "ship", "here");
  Options options = reading_options();
  options.password = password;
  options.read_resends_max = 3;  // connections are lost below
  if (has_tls) options.tls.ca_file = authority.file();
  Client client = reader_of(guarded, options);
  CHECK(only_these_answer(guarded, client, {1}));
  CHECK(finish(client.get("ship")) == "here");

  // A password that changes is shown to the replicas as well.
  for (const std::size_t server : {1u, 0u}) {
    guarded.ask(server, "ACL SETUSER default >changed-word");
  }
  client.set_credentials("", "changed-word");
  for (const std::size_t server : {1u, 0u}) {
    guarded.ask(server, "CLIENT KILL TYPE normal");
  }
  REQUIRE(become_ready(client, guarded, {1}));
  CHECK(finish(client.get("ship")) == "here");
}

TEST_CASE("a replica whose certificate is another authority's is not read") {
  const CertificateAuthority authority;
  const CertificateAuthority another("Another CA");
  ReplicaGroupOptions all{.replicas = 1, .listen = Listen::unix_socket_and_tls};
  all.arguments = tls_arguments(authority, authority.issue("server"));
  all.arguments.insert(all.arguments.end(), {"--tls-replication", "yes"});
  ReplicaGroup guarded(all);
  seed(guarded, "ship", "here");
  const CertificateFiles files = another.issue("server");
  guarded.ask(1, "CONFIG SET tls-cert-file " + files.certificate + " tls-key-file " + files.key);
  Options options = reading_options();
  options.tls.ca_file = authority.file();
  Client client = connected(guarded.url(), options);
  REQUIRE(eventually_while_reading(client, [&] {
    const auto found = known_replica(client, guarded.address(1));
    return found && !found->problem.empty();
  }));
  CHECK_THAT(known_replica(client, guarded.address(1))->problem, ContainsSubstring("certificate"));
  CHECK(finish(client.get("ship")) == "here");
  CHECK(guarded.calls(1, "get") == 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_access_test
