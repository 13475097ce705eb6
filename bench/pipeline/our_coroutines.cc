#include <future>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "plimsoll/bench/pipeline/our_connection.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

namespace asio = boost::asio;

// As many coroutines as the window is deep, on the client's own thread: each waits for its value
// before it asks for the next one.
class OurCoroutines final : public Contender {
 public:
  OurCoroutines(const Endpoint& endpoint, Shape shape, Awaiting how, Pace pace)
      : shape_(shape), how_(how), client_(connect_ours(endpoint, pace)) {}

  void run(std::size_t count, Ticks* ticks) override {
    if (shape_.pattern != Pattern::window) fail("plimsoll", "coroutines have a window only");
    unsent_ = count;
    unfinished_ = shape_.depth;
    ticks_ = ticks;
    std::promise<void> done;
    done_ = &done;
    for (std::size_t i = 0; i < shape_.depth; ++i) {
      asio::co_spawn(client_.get_executor(),
                     how_ == Awaiting::call ? await_calls() : use_awaitable(), asio::detached);
    }
    done.get_future().wait();
  }

 private:
  asio::awaitable<void> await_calls() {
    while (take_one()) handle(co_await client_.get(bench_key));
    finish_one();
  }

  asio::awaitable<void> use_awaitable() {
    while (take_one()) handle(co_await client_.get(bench_key, asio::use_awaitable));
    finish_one();
  }

  bool take_one() {
    if (unsent_ == 0) return false;
    --unsent_;
    return true;
  }

  template <class Value>
  void handle(const Value& value) {
    check_ours(value);
    if (ticks_ != nullptr) ticks_->add();
  }

  void finish_one() {
    if (--unfinished_ == 0) done_->set_value();
  }

  const Shape shape_;
  const Awaiting how_;
  native::Client client_;
  std::size_t unsent_ = 0;
  std::size_t unfinished_ = 0;
  Ticks* ticks_ = nullptr;
  std::promise<void>* done_ = nullptr;
};

}  // namespace

std::unique_ptr<Contender> make_our_coroutines(const Endpoint& endpoint, Shape shape, Awaiting how,
                                               Pace pace) {
  return std::make_unique<OurCoroutines>(endpoint, shape, how, pace);
}

}  // namespace plimsoll::bench
