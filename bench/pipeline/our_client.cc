#include <future>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/pipeline/our_connection.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

class OurClient final : public Contender {
 public:
  OurClient(const Endpoint& endpoint, Shape shape, Pace pace)
      : shape_(shape), client_(connect_ours(endpoint, pace)) {}

  void run(std::size_t count, Ticks* ticks) override {
    unsent_ = count;
    unanswered_ = count;
    ticks_ = ticks;
    std::promise<void> done;
    done_ = &done;
    // The measured GETs are all made on the runtime's own thread, by callbacks. This one takes us
    // there.
    client_.get(bench_key, [this](const OurValue& value) {
      check_ours(value);
      if (ticks_ != nullptr) ticks_->add();
      fill();
    });
    done.get_future().wait();
  }

 private:
  // Makes requests until as many are in flight as the shape allows.
  void fill() {
    for (; in_flight_ < shape_.depth && unsent_ > 0; ++in_flight_, --unsent_) {
      client_.get(bench_key, [this](const OurValue& value) { handle(value); });
    }
  }

  void handle(const OurValue& value) {
    check_ours(value);
    if (ticks_ != nullptr) ticks_->add();
    --in_flight_;
    if (--unanswered_ == 0) return done_->set_value();
    if (shape_.pattern == Pattern::window || in_flight_ == 0) fill();
  }

  const Shape shape_;
  native::Client client_;
  std::size_t unsent_ = 0;
  std::size_t unanswered_ = 0;
  std::size_t in_flight_ = 0;
  Ticks* ticks_ = nullptr;
  std::promise<void>* done_ = nullptr;
};

}  // namespace

std::unique_ptr<Contender> make_ours(const Endpoint& endpoint, Shape shape, Pace pace) {
  return std::make_unique<OurClient>(endpoint, shape, pace);
}

double first_reply_seconds(const Endpoint& endpoint) {
  const auto start = std::chrono::steady_clock::now();
  native::Client client = connect_ours(endpoint, Pace::usual);
  const OurValue value = client.get(bench_key, boost::asio::use_future).get();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  if (!value) fail("plimsoll", value.error().what());
  return elapsed.count();
}

}  // namespace plimsoll::bench
