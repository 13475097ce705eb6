#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/support/certificates.h"

// Users and TLS, which are the same at all nodes.

namespace plimsoll::testing::native_cluster_access_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Options;

constexpr std::uint16_t slots[] = {0, 8000, 16'383};
const std::string secret = "open-the-hold";

void check_all_slots(Client& client) {
  for (const std::uint16_t slot : slots) {
    value_of(client.set(key_in(slot), "here", use_future));
    CHECK(value_of(client.get(key_in(slot), use_future)) == "here");
  }
}

TEST_CASE("the client logs in at each node, and where a redirect leads") {
  ClusterGroup group({.primaries = 3, .password = secret});
  Options options = cluster_options();
  options.password = secret;
  Client client = connected(group.url({2}), options);
  check_all_slots(client);
  group.move_slot(0, 1);
  CHECK(value_of(client.get(key_in(0), use_future)) == "here");

  for (const std::string& wrong : {std::string("wrong-word"), std::string()}) {
    options.password = wrong;
    const native::Error error = refusal(group.url(), options);
    INFO(error.what());
    CHECK(error.code() == ErrorCode::authentication_failed);
    CHECK(error.text().find(secret) == std::string_view::npos);
    CHECK(error.text().find("wrong-word") == std::string_view::npos);
  }

  for (std::size_t i = 0; i < group.nodes_count(); ++i) {
    group.ask(i, {"ACL", "SETUSER", "stoker", "on", ">" + secret, "~*", "&*", "+@all"});
  }
  const std::string named = "valkey+cluster://stoker:" + secret + "@" + group.address(0);
  Client stoker = connected(named, cluster_options());
  check_all_slots(stoker);
  CHECK(value_of(stoker.command<std::string>({"ACL", "WHOAMI"}, use_future)) == "stoker");
}

TEST_CASE("credentials that are wrong at one node fail the calls that go there, and say so") {
  ClusterGroup group({.primaries = 2});
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string word = i == 0 ? secret : "another";
    group.ask(i, {"ACL", "SETUSER", "stoker", "on", ">" + word, "~*", "&*", "+@all"});
  }
  Options options = cluster_options();
  options.username = "stoker";
  options.password = secret;
  options.request_timeout = std::chrono::milliseconds(1000);
  Client client = connected(group.url({0}), options);
  value_of(client.set(key_in(0), "here", use_future));
  const native::Error error = error_of(client.get(key_in(16'383), use_future));
  INFO(error.what());
  CHECK(error.executed() == Executed::no);
  CHECK(value_of(client.get(key_in(0), use_future)) == "here");
}

TEST_CASE("valkeys+cluster:// is TLS with all nodes, whose certificates are verified") {
  const CertificateAuthority authority;
  const CertificateAuthority stranger("Another CA");
  ClusterGroup group({.primaries = 3,
                      .listen = Listen::unix_socket_and_tls,
                      .arguments = tls_arguments(authority, authority.issue("node"))});
  Options options = cluster_options();
  options.tls.ca_file = authority.file();
  Client client = connected(group.url({1}), options);
  check_all_slots(client);
  group.move_slot(0, 1);
  CHECK(value_of(client.get(key_in(0), use_future)) == "here");

  options.tls.ca_file = stranger.file();
  const native::Error error = refusal(group.url(), options);
  INFO(error.what());
  CHECK(error.code() == ErrorCode::certificate_invalid);
}

TEST_CASE("nodes with TLS that have names are verified by their names") {
  const CertificateAuthority authority;
  // Not for 127.0.0.1, by which the nodes know one another.
  std::vector<std::string> arguments =
      tls_arguments(authority, authority.issue("node", {.names = "DNS:localhost"}));
  arguments.insert(arguments.end(), {"--cluster-announce-hostname", "localhost",
                                     "--cluster-preferred-endpoint-type", "hostname"});
  ClusterGroup group(
      {.primaries = 2, .listen = Listen::unix_socket_and_tls, .arguments = arguments});
  Options options = cluster_options();
  options.tls.ca_file = authority.file();
  const std::string port = std::to_string(group.node(0).port());
  Client client = connected("rediss+cluster://localhost:" + port, options);
  check_all_slots(client);
  CHECK(refusal(group.url({0}), options).code() == ErrorCode::certificate_invalid);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_access_test
