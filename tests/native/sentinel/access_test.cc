#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/sentinel/world.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/sentinels.h"

// Users and TLS of sentinels, which are not those of the servers.

namespace plimsoll::testing::native_sentinel_access_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;

const std::string at_servers = "open-the-hold";
const std::string at_sentinels = "ask-the-harbour";

Options with_passwords(const std::string& servers, const std::string& sentinels) {
  Options options = sentinel_options();
  options.password = servers;
  options.sentinel_password = sentinels;
  return options;
}

// Fails over, and writes at the new primary.
void check_failover(SentinelGroup& group, Client& client) {
  const std::size_t old = group.primary();
  finish(client.set("ship", "before"));
  CHECK_THAT(group.ask(old, "GET ship"), ContainsSubstring("before"));
  const auto begin = SentinelClock::now();
  group.failover();
  group.first_switch(begin);
  REQUIRE(eventually([&] { return client.statistics().server != group.address(old); }));
  finish(client.set("ship", "after"));
  const std::size_t now = group.index_of(client.statistics().server);
  CHECK_THAT(group.ask(now, "GET ship"), ContainsSubstring("after"));
}

void check_refused(const std::string& url, Options options) {
  const native::Error error = refusal(url, std::move(options));
  INFO(error.what());
  CHECK(error.code() == ErrorCode::authentication_failed);
  CHECK(error.text().find(at_servers) == std::string_view::npos);
  CHECK(error.text().find(at_sentinels) == std::string_view::npos);
  CHECK(error.text().find("wrong-word") == std::string_view::npos);
}

TEST_CASE("sentinels and servers have passwords of their own") {
  SentinelGroup group({.replicas = 1,
                       .server_user = {.password = at_servers},
                       .sentinel_user = {.password = at_sentinels}});
  Client client = connected(group.url({0}), with_passwords(at_servers, at_sentinels));
  // Those that others have named get the same password.
  CHECK(eventually([&] {
    std::size_t connected_count = 0;
    for (const auto& one : client.topology().sentinels) connected_count += one.is_connected ? 1 : 0;
    return connected_count == 3;
  }));
  check_failover(group, client);

  check_refused(group.url(), with_passwords(at_servers, ""));
  check_refused(group.url(), with_passwords(at_servers, "wrong-word"));
  check_refused(group.url(), with_passwords("wrong-word", at_sentinels));
  check_refused(group.url(), with_passwords("", at_sentinels));
  check_refused(group.url(), with_passwords(at_sentinels, at_servers));
}

TEST_CASE("sentinels and servers have users of their own") {
  SentinelGroup group({.replicas = 1,
                       .sentinels = 1,
                       .quorum = 1,
                       .server_user = {.name = "stoker", .password = at_servers},
                       .sentinel_user = {.name = "pilot", .password = at_sentinels}});
  Options options = with_passwords(at_servers, at_sentinels);
  options.username = "stoker";
  options.sentinel_username = "pilot";
  Client client = connected(group.url(), options);
  CHECK(finish(client.command<std::string>("ACL", "WHOAMI")) == "stoker");
  check_failover(group, client);

  options.sentinel_username = "stoker";
  check_refused(group.url(), options);
  options.sentinel_username = "";
  check_refused(group.url(), options);
  options.sentinel_username = "pilot";
  options.username = "pilot";
  check_refused(group.url(), options);
}

// Lines of a sentinel's file that stand for a server's arguments.
std::vector<std::string> lines_of(const std::vector<std::string>& arguments) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    lines.push_back(arguments[i].substr(2) + " " + arguments[i + 1]);
  }
  return lines;
}

TEST_CASE("valkeys+sentinel:// is TLS with sentinels and with servers") {
  const CertificateAuthority authority;
  std::vector<std::string> tls = tls_arguments(authority, authority.issue("server"));
  tls.insert(tls.end(), {"--tls-replication", "yes"});
  SentinelGroup group({.replicas = 1,
                       .listen = Listen::unix_socket_and_tls,
                       .server_arguments = tls,
                       .has_sentinel_tls = true,
                       .sentinel_lines = lines_of(tls)});
  Options options = sentinel_options();
  options.tls.ca_file = authority.file();
  Client client = connected(group.url({1}), options);
  CHECK(eventually([&] { return client.topology().sentinels.size() == 3; }));
  check_failover(group, client);

  options.tls.ca_file = CertificateAuthority("Another CA").file();
  const native::Error error = refusal(group.url(), sentinel_options());
  CHECK(error.code() == ErrorCode::certificate_invalid);
}

TEST_CASE("TLS may be for servers only") {
  const CertificateAuthority authority;
  std::vector<std::string> tls = tls_arguments(authority, authority.issue("server"));
  tls.insert(tls.end(), {"--tls-replication", "yes"});
  // One sentinel: it would use TLS with others, too.
  SentinelGroup group({.replicas = 1,
                       .sentinels = 1,
                       .quorum = 1,
                       .listen = Listen::unix_socket_and_tls,
                       .server_arguments = tls,
                       .sentinel_lines = lines_of(tls)});
  Options options = sentinel_options();
  options.tls.enabled = true;
  options.tls.ca_file = authority.file();
  const std::string url = "valkey+sentinel://" + group.sentinel(0).address() + "/ships";
  Client client = connected(url, options);
  check_failover(group, client);
}

TEST_CASE("TLS may be for sentinels only") {
  const CertificateAuthority authority;
  const std::vector<std::string> tls = tls_arguments(authority, authority.issue("sentinel"));
  SentinelGroup group({.replicas = 0,
                       .sentinels = 1,
                       .quorum = 1,
                       .has_sentinel_tls = true,
                       .sentinel_lines = lines_of(tls)});
  Options options = sentinel_options();
  options.sentinel_tls.enabled = true;
  options.sentinel_tls.ca_file = authority.file();
  Client client = connected(group.url(), options);
  finish(client.set("ship", "here"));
  CHECK(group.ask(0, "GET ship") == "$4\r\nhere\r\n");
}

}  // namespace
}  // namespace plimsoll::testing::native_sentinel_access_test
