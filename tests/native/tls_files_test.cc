#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/tls_world.h"

// Files that TlsOptions names: client certificates, files that cannot be used, and files that are
// replaced while a client runs.

namespace plimsoll::testing::tls_files_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Error;
using native::Options;
using namespace std::chrono_literals;

Error refusal(const std::string& url, const Options& options) {
  return error_of(native::connect(url, options, use_future));
}

// A server that wants to know its clients.
struct StrictServer : TlsServer {
  explicit StrictServer(const CertificateAuthority& authority)
      : TlsServer(authority, {}, {"--tls-auth-clients", "yes"}) {}
};

Options known_as(const CertificateFiles& files, const CertificateAuthority& authority) {
  Options options = trusting(authority);
  options.tls.certificate_file = files.certificate;
  options.tls.key_file = files.key;
  return options;
}

// A client loses its connection, and gets another.
void reconnect(Client& client, ValkeyServer& server) {
  const auto connections = [&] { return client.statistics().client.counters.connections; };
  const std::uint64_t before = connections();
  server.ask("CLIENT KILL TYPE normal");
  CHECK(eventually([&] { return connections() > before; }));
}

TEST_CASE("a server that wants to know its clients serves those that it knows") {
  StrictServer server(shared_authority());
  Options options = trusting(shared_authority());
  SECTION("by its authority") {
    options = known_as(shared_authority().issue("jane"), shared_authority());
    CHECK(value_of(connected(server.url(), options).ping(use_future)) == "PONG");
  }
  SECTION("one without a certificate is refused") {
    const Error error = refusal(server.url(), options);
    CHECK(error.code() == ErrorCode::tls_failed);
    CHECK_THAT(error.what(), ContainsSubstring("the server wants a client certificate") &&
                                 ContainsSubstring("tls.certificate_file and tls.key_file"));
  }
  SECTION("one of another authority is refused") {
    const CertificateAuthority stranger("Stranger");
    const Error error = refusal(server.url(), known_as(stranger.issue("jane"), shared_authority()));
    CHECK(error.code() == ErrorCode::tls_failed);
    CHECK_THAT(error.what(), ContainsSubstring("does not take the client certificate"));
  }
  SECTION("one that has expired is refused") {
    const auto files =
        shared_authority().issue("late", {.valid_from_days = -20, .valid_until_days = -10});
    const Error error = refusal(server.url(), known_as(files, shared_authority()));
    CHECK(error.code() == ErrorCode::tls_failed);
    CHECK_THAT(error.what(), ContainsSubstring("does not take the client certificate") &&
                                 ContainsSubstring("expired"));
  }
}

TEST_CASE("an encrypted key is opened with its password, by text or by function") {
  const auto files = shared_authority().issue("locked", {.key_password = "sesame-5512"});
  Options options = known_as(files, shared_authority());
  const std::string url = shared_tls_server().url();
  SECTION("by text") { options.tls.key_password = "sesame-5512"; }
  SECTION("by function") {
    options.tls.ask_key_password = [] { return std::string("sesame-5512"); };
  }
  CHECK(value_of(connected(url, options).ping(use_future)) == "PONG");
}

TEST_CASE("a key that cannot be opened is an error without its password") {
  const auto files = shared_authority().issue("locked", {.key_password = "sesame-5512"});
  Options options = known_as(files, shared_authority());
  SECTION("no password") {}
  SECTION("another password") { options.tls.key_password = "sesame-5513"; }
  SECTION("a function that throws") {
    options.tls.ask_key_password = []() -> std::string { throw std::runtime_error("sesame-5514"); };
  }
  SECTION("a password that is too long for any key") {
    options.tls.key_password = std::string(5000, 's');
  }
  const Error error = refusal(shared_tls_server().url(), options);
  CHECK(error.code() == ErrorCode::invalid_option);
  CHECK_THAT(error.what(),
             ContainsSubstring("tls.key_file: " + files.key) && !ContainsSubstring("sesame"));
}

TEST_CASE("files that cannot be used are named before anything is connected") {
  const auto jane = shared_authority().issue("jane");
  const auto joe = shared_authority().issue("joe");
  const TemporaryDirectory directory;
  const std::string garbage = directory.path() + "/garbage";
  std::ofstream(garbage) << "no certificate\n";
  Options options = trusting(shared_authority());
  std::string message;
  SECTION("no such authority") {
    options.tls.ca_file = "/nowhere/ca.pem";
    message = "tls.ca_file: /nowhere/ca.pem: No such file";
  }
  SECTION("an authority that is none") {
    options.tls.ca_file = garbage;
    message = "tls.ca_file: " + garbage + ": ";
  }
  SECTION("a pipe into which nobody writes") {
    options.tls.ca_file = directory.path() + "/pipe";
    REQUIRE(::mkfifo(options.tls.ca_file.c_str(), 0600) == 0);
    message = "tls.ca_file: " + options.tls.ca_file + ": is a pipe";
  }
  SECTION("no such directory") {
    options.tls.ca_directory = "/nowhere";
    message = "tls.ca_directory: /nowhere: no such directory";
  }
  SECTION("a certificate without its key") {
    options.tls.certificate_file = jane.certificate;
    message = "tls.key_file: is missing";
  }
  SECTION("a key without its certificate") {
    options.tls.key_file = jane.key;
    message = "tls.certificate_file: is missing";
  }
  SECTION("the key of another certificate") {
    options.tls.certificate_file = jane.certificate;
    options.tls.key_file = joe.key;
    message = "tls.key_file: " + joe.key + ": key values mismatch";
  }
  SECTION("the key of another certificate, of another type") {
    const auto jim = shared_authority().issue("jim", {.key = CertificateOptions::Key::rsa});
    const bool is_key_rsa = GENERATE(true, false);
    options.tls.certificate_file = is_key_rsa ? jane.certificate : jim.certificate;
    options.tls.key_file = is_key_rsa ? jim.key : jane.key;
    message = "tls.key_file: " + options.tls.key_file + ": key values mismatch";
  }
  SECTION("ciphers that nobody knows") {
    options.tls.ciphers = "ROT13";
    message = "tls.ciphers: no cipher match";
  }
  const Error error = refusal("valkeys://127.0.0.1:1", options);
  CHECK(error.code() == ErrorCode::invalid_option);
  CHECK_THAT(error.what(), ContainsSubstring(message));
}

TEST_CASE("a directory of authorities is trusted, and one that comes later, too") {
  const CertificateAuthority authority;
  TlsServer server(authority);
  const TemporaryDirectory directory;
  Options options = trusting(authority);
  options.tls.ca_file.clear();
  options.tls.ca_directory = directory.path();
  CHECK(refusal(server.url(), options).code() == ErrorCode::certificate_invalid);
  std::filesystem::copy_file(authority.file(), directory.path() + "/" + authority.hash() + ".0");
  CHECK(value_of(connected(server.url(), options).ping(use_future)) == "PONG");
}

TEST_CASE("certificates that are replaced are used by the next connection") {
  const CertificateAuthority authority;
  StrictServer server(authority);
  const Options options = known_as(authority.issue("jane"), authority);
  Client client = connected(server.url(), options);
  // The one of before would be refused now.
  const CertificateAuthority another("Another CA");
  const CertificateFiles files = another.issue("server");
  std::filesystem::copy_file(another.file(), authority.file(),
                             std::filesystem::copy_options::overwrite_existing);
  const CertificateFiles jane = another.issue("jane");
  for (const auto& [from, to] : {std::pair(jane.certificate, options.tls.certificate_file),
                                 std::pair(jane.key, options.tls.key_file)}) {
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  }
  std::vector<std::string> arguments = tls_arguments(another, files);
  arguments.insert(arguments.end(), {"--tls-auth-clients", "yes"});
  server.set_arguments(arguments);
  server.restart();
  CHECK(value_of(client.ping(use_future)) == "PONG");
  CHECK(client.statistics().client.counters.connections == 2);
  CHECK(client.statistics().tls_problem == "");
}

TEST_CASE("files that are replaced by bad ones are told, and those of before used on") {
  const CertificateAuthority authority;
  StrictServer server(authority);
  const CertificateFiles files = authority.issue("jane");
  const Options options = known_as(files, authority);
  Client client = connected(server.url(), options);
  const CertificateFiles joe = authority.issue("joe");
  std::filesystem::copy_file(joe.key, files.key, std::filesystem::copy_options::overwrite_existing);
  reconnect(client, server);
  CHECK(value_of(client.ping(use_future)) == "PONG");
  CHECK_THAT(client.statistics().tls_problem,
             ContainsSubstring("tls.key_file: " + files.key) && ContainsSubstring("mismatch"));
  const CertificateFiles jim = authority.issue("jim", {.key = CertificateOptions::Key::rsa});
  std::filesystem::copy_file(jim.key, files.key, std::filesystem::copy_options::overwrite_existing);
  reconnect(client, server);
  CHECK(value_of(client.ping(use_future)) == "PONG");
  CHECK_THAT(client.statistics().tls_problem, ContainsSubstring("key values mismatch"));
  std::filesystem::copy_file(joe.key, files.key, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(joe.certificate, files.certificate,
                             std::filesystem::copy_options::overwrite_existing);
  reconnect(client, server);
  CHECK(value_of(client.ping(use_future)) == "PONG");
  CHECK(client.statistics().tls_problem == "");
}

}  // namespace
}  // namespace plimsoll::testing::tls_files_test
