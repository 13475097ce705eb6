#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "plimsoll/bench/pipeline/contender.h"
#include "plimsoll/bench/pipeline/raw_socket.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

class RawLoop final : public Contender {
 public:
  RawLoop(const Endpoint& endpoint, Shape shape)
      : shape_(shape),
        socket_(connect_raw_socket(endpoint)),
        epoll_(epoll_create1(0)),
        room_(64 * 1024) {
    request_ = "*2\r\n$3\r\nGET\r\n$" + std::to_string(bench_key.size()) + "\r\n" +
               std::string(bench_key) + "\r\n";
    const auto length = std::to_string(bench_value_bytes);
    reply_bytes_ = 1 + length.size() + 2 + bench_value_bytes + 2;
    epoll_event event{.events = EPOLLIN, .data = {}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_, &event);
  }
  ~RawLoop() override {
    close(epoll_);
    close(socket_);
  }
  RawLoop(const RawLoop&) = delete;
  RawLoop& operator=(const RawLoop&) = delete;

  void run(std::size_t count, Ticks* ticks) override {
    if (ticks != nullptr) ticks->add();
    std::size_t unsent = count;
    std::size_t in_flight = 0;
    std::size_t unanswered = count;
    while (unanswered > 0) {
      const bool full = in_flight >= shape_.depth;
      if (unsent > 0 && !full && (shape_.pattern == Pattern::window || in_flight == 0)) {
        const auto batch = std::min(unsent, shape_.depth - in_flight);
        send(batch);
        unsent -= batch;
        in_flight += batch;
      }
      const std::size_t answered = receive();
      if (ticks != nullptr && answered > 0) ticks->add();
      in_flight -= answered;
      unanswered -= answered;
    }
  }

 private:
  void send(std::size_t count) {
    out_.clear();
    for (std::size_t i = 0; i < count; ++i) out_ += request_;
    // The socket blocks: it takes all, since the server reads before it has filled our side.
    if (write(socket_, out_.data(), out_.size()) != static_cast<ssize_t>(out_.size())) {
      fail("raw loop", std::strerror(errno));
    }
  }

  // Waits for bytes, and gives the number of replies that ended in them.
  std::size_t receive() {
    epoll_event event{};
    if (epoll_wait(epoll_, &event, 1, -1) < 0) fail("raw loop", std::strerror(errno));
    const auto got = read(socket_, room_.data() + held_, room_.size() - held_);
    if (got <= 0) fail("raw loop", "the server closed");
    held_ += static_cast<std::size_t>(got);
    std::size_t at = 0;
    std::size_t answered = 0;
    for (; held_ - at >= reply_bytes_; at += reply_bytes_, ++answered) {
      if (room_[at] != '$' || room_[at + reply_bytes_ - 1] != '\n') fail("raw loop", "wrong reply");
    }
    held_ -= at;
    std::memmove(room_.data(), room_.data() + at, held_);
    return answered;
  }

  Shape shape_;
  int socket_;
  int epoll_;
  std::vector<char> room_;
  std::size_t held_ = 0;
  std::string request_;
  std::string out_;
  std::size_t reply_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Contender> make_raw_loop(const Endpoint& endpoint, Shape shape) {
  return std::make_unique<RawLoop>(endpoint, shape);
}

}  // namespace plimsoll::bench
