#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "plimsoll/bench/commands/work.h"
#include "plimsoll/bench/pipeline/raw_socket.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

std::string encoded(const std::vector<std::string>& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return text;
}

std::size_t bulk_string_bytes(std::size_t value) {
  return 1 + std::to_string(value).size() + 2 + value + 2;
}

std::string request_of(Work work) {
  if (work == Work::big_values) return encoded({"GET", big_key});
  std::vector<std::string> words{"MGET"};
  for (std::size_t i = 0; i < mget_keys_count; ++i) words.push_back(mget_key(i));
  return encoded(words);
}

std::size_t reply_bytes_of(Work work) {
  if (work == Work::big_values) return bulk_string_bytes(big_value_bytes);
  return 1 + std::to_string(mget_keys_count).size() + 2 +
         mget_keys_count * bulk_string_bytes(small_value_bytes);
}

// Reads and writes one socket that does not block, and counts the bytes of replies.
class RawWork final : public Contender {
 public:
  RawWork(const Endpoint& endpoint, const std::string& ca_file, Work work)
      : socket_(connect_raw_socket(endpoint)),
        room_(64 * 1024),
        request_(request_of(work)),
        reply_bytes_(reply_bytes_of(work)) {
    if (!ca_file.empty()) start_tls(ca_file);
    fcntl(socket_, F_SETFL, O_NONBLOCK);
  }
  ~RawWork() override {
    SSL_free(tls_);
    SSL_CTX_free(context_);
    close(socket_);
  }
  RawWork(const RawWork&) = delete;
  RawWork& operator=(const RawWork&) = delete;

  void run(std::size_t count, Ticks* ticks) override {
    if (ticks != nullptr) ticks->add();
    std::size_t sent = 0;
    std::size_t bytes = 0;
    for (std::size_t answered = 0; answered < count;) {
      const std::size_t more = std::min(answered + in_flight_count, count) - sent;
      if (more > 0) send(more);
      sent += more;
      bytes += receive();
      if (ticks != nullptr && bytes >= reply_bytes_) ticks->add();
      answered += bytes / reply_bytes_;
      bytes %= reply_bytes_;
    }
  }

 private:
  void start_tls(const std::string& ca_file) {
    context_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_read_ahead(context_, 1);
    SSL_CTX_set_default_read_buffer_len(context_, room_.size());
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_load_verify_locations(context_, ca_file.c_str(), nullptr);
    tls_ = SSL_new(context_);
    SSL_set_fd(tls_, socket_);
    if (SSL_connect(tls_) != 1) fail("raw loop", "TLS failed");
  }

  void send(std::size_t count) {
    out_.clear();
    for (std::size_t i = 0; i < count; ++i) out_ += request_;
    for (std::size_t at = 0; at < out_.size();) {
      const char* const from = out_.data() + at;
      const int room = static_cast<int>(out_.size() - at);
      const auto wrote = tls_ ? SSL_write(tls_, from, room)
                              : static_cast<int>(write(socket_, from, out_.size() - at));
      if (wrote > 0) at += static_cast<std::size_t>(wrote);
    }
  }

  // Waits for bytes, and takes all that are there.
  std::size_t receive() {
    pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
    poll(&ready, 1, -1);
    std::size_t bytes = 0;
    for (;;) {
      const int room = static_cast<int>(room_.size());
      const auto got = tls_ ? SSL_read(tls_, room_.data(), room)
                            : static_cast<int>(read(socket_, room_.data(), room_.size()));
      if (got == 0) fail("raw loop", "the server closed");
      if (got < 0) return bytes;
      bytes += static_cast<std::size_t>(got);
    }
  }

  int socket_;
  SSL_CTX* context_ = nullptr;
  SSL* tls_ = nullptr;
  std::vector<char> room_;
  std::string request_;
  std::size_t reply_bytes_;
  std::string out_;
};

}  // namespace

std::unique_ptr<Contender> make_raw_work(const Endpoint& endpoint, const std::string& ca_file,
                                         Work work) {
  return std::make_unique<RawWork>(endpoint, ca_file, work);
}

}  // namespace plimsoll::bench
