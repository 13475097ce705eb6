#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/native/transport/plain_stream.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/native/tls_world.h"

// Certificates that do not do, and servers that do not speak as the client does: connect() fails at
// once, and says what to do. A client that had a connection tries on.

namespace plimsoll::testing::tls_refused_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using native::Client;
using native::Error;
using native::Options;
using native::TlsOptions;
using namespace std::chrono_literals;
using Verify = TlsOptions::Verify;

Error refusal(const std::string& url, const Options& options) {
  return error_of(native::connect(url, options, use_future));
}

bool serves(const std::string& url, const Options& options) {
  return value_of(connected(url, options).ping(use_future)) == "PONG";
}

// Where the server lets nobody in but by one name, the other addresses of the list are ruled out,
// also after a connection whose TLS session could be resumed.
TEST_CASE("each of several addresses needs a certificate of its own host") {
  const TlsServer server(shared_authority(), {.names = "DNS:localhost"});
  Options options = trusting(shared_authority());
  options.reconnect_wait_max = 20ms;
  options.seeds = {"127.0.0.1:" + std::to_string(server.port())};
  const std::string localhost = "localhost:" + std::to_string(server.port());
  for (int i = 0; i < 6; ++i) {
    Client client = connected("valkeys://" + localhost, options);
    for (std::uint64_t connections = 2; connections < 6; ++connections) {
      server.ask("CLIENT KILL TYPE normal");
      CHECK(eventually(
          [&] { return client.statistics().client.counters.connections >= connections; }));
      CHECK(client.statistics().server == localhost);
    }
  }
  const Error error = refusal("valkeys://127.0.0.1:" + std::to_string(server.port()), options);
  CHECK(error.code() == ErrorCode::certificate_invalid);
}

TEST_CASE("options of TLS with an address that is without are refused before anything is sent") {
  const std::string url = GENERATE("valkey://", "redis://", "ws://", "unix:///");
  // What is said of TLS, and what the error calls it.
  const auto [set, said] = GENERATE(values<std::pair<void (*)(TlsOptions&), std::string>>({
      {[](TlsOptions& tls) { tls.ca_file = "ca.pem"; }, "tls.ca_file"},
      {[](TlsOptions& tls) { tls.ca_directory = "certificates"; }, "tls.ca_directory"},
      {[](TlsOptions& tls) { tls.certificate_file = "jane.pem"; }, "tls.certificate_file"},
      {[](TlsOptions& tls) { tls.key_file = "jane.key"; }, "tls.key_file"},
      {[](TlsOptions& tls) { tls.key_password = "sesame-5512"; }, "tls.key_password"},
      {[](TlsOptions& tls) { tls.ask_key_password = [] { return std::string(); }; },
       "tls.ask_key_password"},
      {[](TlsOptions& tls) { tls.server_name = "db.example.org"; }, "tls.server_name"},
      {[](TlsOptions& tls) { tls.verify = Verify::insecure_none; }, "tls.verify"},
      {[](TlsOptions& tls) { tls.min_version = TlsOptions::Version::tls_1_3; }, "tls.min_version"},
      {[](TlsOptions& tls) { tls.ciphers = "ALL"; }, "tls.ciphers"},
      {[](TlsOptions& tls) { tls.ciphersuites = "TLS_AES_128_GCM_SHA256"; }, "tls.ciphersuites"},
  }));
  const Listener listener;
  Options options = patient_options();
  if (url != "ws://") options.password = "hunter2";
  set(options.tls);
  const std::string where = url == "unix:///" ? "nowhere" : listener.address();
  const Error error = refusal(url + where, options);
  CHECK(error.code() == ErrorCode::invalid_option);
  CHECK(error.executed() == Executed::no);
  CHECK_THAT(std::string(error.text()), StartsWith(said + " is given, and the address ") &&
                                            ContainsSubstring(where) &&
                                            ContainsSubstring(" is without TLS; expected "));
  CHECK_FALSE(listener.has_waiting());
}

TEST_CASE("an expired certificate is refused, and its date told") {
  TlsServer server(shared_authority(), {.valid_from_days = -20, .valid_until_days = -10});
  Options options = trusting(shared_authority());
  const Error error = refusal(server.url(), options);
  CHECK(error.code() == ErrorCode::certificate_invalid);
  CHECK(error.executed() == Executed::no);
  CHECK_THAT(error.what(), ContainsSubstring("certificate has expired") &&
                               ContainsSubstring("CN=server was valid until ") &&
                               ContainsSubstring(" GMT"));
  options.tls.verify = Verify::certificate_only;
  CHECK(refusal(server.url(), options).code() == ErrorCode::certificate_invalid);
  options.tls.verify = Verify::insecure_none;
  CHECK(serves(server.url(), options));
}

TEST_CASE("a certificate of the future is refused, and its date told") {
  TlsServer server(shared_authority(), {.valid_from_days = 10, .valid_until_days = 20});
  const Error error = refusal(server.url(), trusting(shared_authority()));
  CHECK(error.code() == ErrorCode::certificate_invalid);
  CHECK_THAT(error.what(),
             ContainsSubstring("not valid yet") && ContainsSubstring("CN=server is valid from "));
}

TEST_CASE("a certificate of another host is refused, and both told") {
  TlsServer server(shared_authority(),
                   {.names = "DNS:db.example.org,DNS:*.example.net,IP:10.0.0.7"});
  Options options = trusting(shared_authority());
  const std::string host = GENERATE("127.0.0.1", "localhost");
  const Error error = refusal(server.url_of(host), options);
  CHECK(error.code() == ErrorCode::certificate_invalid);
  CHECK_THAT(error.what(),
             ContainsSubstring("of another host") && ContainsSubstring("tls.server_name") &&
                 ContainsSubstring("expected " + host +
                                   ", it is of db.example.org, *.example.net, 10.0.0.7"));
  SECTION("unless the name that it has is asked for") {
    options.tls.server_name = GENERATE("db.example.org", "DB.example.org", "db.example.org.",
                                       "a.example.net", "10.0.0.7");
    CHECK(serves(server.url_of(host), options));
  }
  SECTION("a wildcard stands for one part of a name") {
    options.tls.server_name = "a.b.example.net";
    CHECK(refusal(server.url_of(host), options).code() == ErrorCode::certificate_invalid);
  }
  SECTION("unless any host will do") {
    options.tls.verify = Verify::certificate_only;
    CHECK(serves(server.url_of(host), options));
  }
}

TEST_CASE("a certificate that has a name does not do for an address, nor the reverse") {
  const bool by_name = GENERATE(true, false);
  TlsServer server(shared_authority(), {.names = by_name ? "DNS:localhost" : "IP:127.0.0.1"});
  const Options options = trusting(shared_authority());
  CHECK(serves(server.url_of(by_name ? "localhost" : "127.0.0.1"), options));
  CHECK(refusal(server.url_of(by_name ? "127.0.0.1" : "localhost"), options).code() ==
        ErrorCode::certificate_invalid);
}

TEST_CASE("a certificate of an authority that nobody trusts is refused, and its issuer told") {
  const CertificateAuthority stranger("Stranger");
  Options options = trusting(stranger);
  SECTION("another authority is trusted") {}
  SECTION("the system's are trusted") { options.tls.ca_file.clear(); }
  const Error error = refusal(shared_tls_server().url(), options);
  CHECK(error.code() == ErrorCode::certificate_invalid);
  CHECK_THAT(error.what(), ContainsSubstring("not trusted") && ContainsSubstring("tls.ca_file") &&
                               ContainsSubstring("issued by CN=Test CA"));
  options.tls.verify = Verify::certificate_only;
  CHECK(refusal(shared_tls_server().url(), options).code() == ErrorCode::certificate_invalid);
  options.tls.verify = Verify::insecure_none;
  CHECK(serves(shared_tls_server().url(), options));
}

TEST_CASE("an authority of the same name is still another one") {
  const CertificateAuthority impostor("Test CA");
  const Error error = refusal(shared_tls_server().url(), trusting(impostor));
  CHECK(error.code() == ErrorCode::certificate_invalid);
}

TEST_CASE("a server without TLS is told apart from one that does not answer") {
  SECTION("it waits for the end of a line: told within connect_timeout") {
    Options options = trusting(shared_authority());
    options.connect_timeout = test_timeout(300ms);
    const Error error =
        refusal("valkeys://127.0.0.1:" + std::to_string(shared_server().port()), options);
    CHECK(error.code() == ErrorCode::tls_failed);
    CHECK_THAT(error.what(), ContainsSubstring("does not answer the TLS handshake") &&
                                 ContainsSubstring("valkey://") &&
                                 ContainsSubstring("not a byte came"));
  }
  SECTION("it says something: told at once") {
    Listener listener;
    auto connecting = native::connect("valkeys://" + listener.address(),
                                      trusting(shared_authority()), use_future);
    Peer peer = listener.accept();
    peer.send("-ERR Protocol error: expected '$', got ' '\r\n");
    const Error error = error_of(std::move(connecting));
    CHECK(error.code() == ErrorCode::tls_failed);
    CHECK_THAT(error.what(),
               ContainsSubstring("does not speak TLS here") && ContainsSubstring("valkey://"));
  }
}

TEST_CASE("a server with TLS that is spoken to without says so, if it says anything") {
  SECTION("an alert") {
    Listener listener;
    auto connecting = native::connect(listener.url(), patient_options(), use_future);
    Peer peer = listener.accept();
    peer.receive();
    peer.send(std::string_view("\x15\x03\x01\x00\x02\x02\x46", 7));
    const Error error = error_of(std::move(connecting));
    CHECK(error.code() == ErrorCode::tls_failed);
    CHECK_THAT(error.what(), ContainsSubstring("the server speaks TLS here; expected valkeys://"));
  }
  SECTION("a reset, which others do as well: it is tried again, and a hint given") {
    Options options = patient_options();
    options.connect_timeout = test_timeout(200ms);
    const Error error =
        refusal("valkey://127.0.0.1:" + std::to_string(shared_tls_server().port()), options);
    CHECK(error.code() == ErrorCode::connect_failed);
    CHECK_THAT(error.what(), ContainsSubstring("if the server speaks TLS here: valkeys://"));
  }
}

TEST_CASE("of a Unix socket, nobody is told that it may speak TLS") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  CHECK(native::PlainStream(ends[0]).hint() == " before a word");
  for (const int end : ends) ::close(end);
}

TEST_CASE("a server that speaks only older versions than wanted is refused") {
  TlsServer server(shared_authority(), {}, {"--tls-protocols", "TLSv1.2"});
  Options options = trusting(shared_authority());
  options.tls.min_version = TlsOptions::Version::tls_1_3;
  const Error error = refusal(server.url(), options);
  CHECK(error.code() == ErrorCode::tls_failed);
  CHECK_THAT(error.what(),
             ContainsSubstring("no TLS version in common") && ContainsSubstring("tls.min_version"));
}

TEST_CASE("ciphers may be chosen, for either version") {
  Options options = trusting(shared_authority());
  SECTION("TLS 1.2") {
    TlsServer server(
        shared_authority(), {},
        {"--tls-protocols", "TLSv1.2", "--tls-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"});
    options.tls.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
    CHECK(serves(server.url(), options));
    options.tls.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    const Error error = refusal(server.url(), options);
    CHECK(error.code() == ErrorCode::tls_failed);
    CHECK_THAT(error.what(), ContainsSubstring("ciphers that both know"));
  }
  SECTION("TLS 1.3") {
    TlsServer server(shared_authority(), {}, {"--tls-ciphersuites", "TLS_AES_256_GCM_SHA384"});
    options.tls.min_version = TlsOptions::Version::tls_1_3;
    options.tls.ciphersuites = "TLS_AES_256_GCM_SHA384";
    CHECK(serves(server.url(), options));
    options.tls.ciphersuites = "TLS_AES_128_GCM_SHA256";
    CHECK(refusal(server.url(), options).code() == ErrorCode::tls_failed);
  }
}

TEST_CASE("a certificate that goes bad while a client runs is waited for to be mended") {
  const CertificateAuthority authority;
  TlsServer server(authority);
  ConnectionLog log;
  Options options = trusting(authority);
  options.reconnect_wait_max = 20ms;
  log.listen(options);
  Client client = connected(server.url(), options);
  authority.issue("server", {.valid_from_days = -20, .valid_until_days = -10});
  server.restart();
  CHECK(eventually([&] {
    return client.statistics().last_problem.find("was valid until") != std::string::npos;
  }));
  auto waiting = client.ping(use_future);
  authority.issue("server");
  server.restart();
  CHECK(value_of(std::move(waiting)) == "PONG");
  CHECK(log.story() == "connected disconnected connected");
}

}  // namespace
}  // namespace plimsoll::testing::tls_refused_test
