#include "plimsoll/native/transport/tls_stream.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <thread>

#include <catch2/catch_test_macros.hpp>
#include <openssl/ssl.h>

#include "plimsoll/tests/native/tls_world.h"
#include "plimsoll/tests/support/loopback.h"

// TLS over a socket that takes little, without a driver.

namespace plimsoll::testing::tls_stream_test {
namespace {

using native::TlsContext;
using native::TlsStream;

// A client's stream, and the server's side of it.
class StreamPair {
 public:
  StreamPair() {
    std::array<int, 2> sockets{};
    checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), "socketpair");
    client_ = Descriptor(sockets[0]);
    server_ = Descriptor(sockets[1]);
    ::fcntl(client_.number(), F_SETFL, O_NONBLOCK);
    native::TlsOptions options;
    options.ca_file = shared_authority().file();
    context_ = *TlsContext::create(options, "localhost");
    stream_ = TlsStream::create(*context_, client_.number());
    const CertificateFiles files = shared_authority().issue("stream");
    server_context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate_chain_file(server_context_.get(), files.certificate.c_str());
    SSL_CTX_use_PrivateKey_file(server_context_.get(), files.key.c_str(), SSL_FILETYPE_PEM);
    ssl_.reset(SSL_new(server_context_.get()));
    SSL_set_fd(ssl_.get(), server_.number());
    std::thread accepting([this] { SSL_accept(ssl_.get()); });
    while (stream_->shake_hands() == TlsStream::Step::waits) std::this_thread::yield();
    accepting.join();
  }

  TlsStream& stream() { return *stream_; }
  SSL* server() { return ssl_.get(); }

  // What the server has got, all of it.
  std::string receive(std::size_t bytes) {
    std::string all(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
      const int count = SSL_read(ssl_.get(), all.data() + have, static_cast<int>(bytes - have));
      if (count <= 0) return {};
      have += static_cast<std::size_t>(count);
      if (stream_->blocked()) stream_->push();
    }
    return all;
  }

 private:
  Descriptor client_;
  Descriptor server_;
  std::unique_ptr<TlsContext> context_;
  std::unique_ptr<TlsStream> stream_;
  std::unique_ptr<SSL_CTX, native::FreeSsl> server_context_;
  std::unique_ptr<SSL, native::FreeSsl> ssl_;
};

TEST_CASE("pieces of any size arrive in their order, gathered into records") {
  StreamPair pair;
  std::string all;
  std::array<std::string, 5> pieces = {std::string(1, 'a'), std::string(16'383, 'b'),
                                       std::string(40'000, 'c'), std::string(7, 'd'),
                                       std::string(1, 'e')};
  std::array<std::string_view, 5> spans;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    spans[i] = pieces[i];
    all += pieces[i];
  }
  CHECK(pair.stream().send(spans) == all.size());
  CHECK(pair.receive(all.size()) == all);
}

TEST_CASE(
    "what the socket does not take waits, no more than a record of it, and goes out in order") {
  StreamPair pair;
  const std::string megabyte(1 << 20, 'x');
  const std::array<std::string_view, 1> spans{megabyte};
  const std::size_t sent = pair.stream().send(spans);
  CHECK(pair.stream().blocked());
  CHECK(sent > 0);
  CHECK(sent < megabyte.size());
  CHECK(sent % 16'384 == 0);
  CHECK(pair.receive(sent) == megabyte.substr(0, sent));
  CHECK_FALSE(pair.stream().blocked());
}

TEST_CASE("a server that asks for keys without end and reads nothing gets no end of answers") {
  StreamPair pair;
  std::array<char, 1000> space;
  TlsStream::Received received;
  int asked = 0;
  for (; asked < 100'000 && received.step == TlsStream::Step::waits; ++asked) {
    SSL_key_update(pair.server(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(pair.server());
    received = pair.stream().receive(space);
  }
  CHECK(received.step == TlsStream::Step::failed);
  CHECK(pair.stream().problem()->error.code == ErrorCode::tls_failed);
  CHECK(asked > 1000);
}

}  // namespace
}  // namespace plimsoll::testing::tls_stream_test
