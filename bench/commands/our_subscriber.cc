#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/commands/messages.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/client.h"
#include "plimsoll/subscription.h"

namespace plimsoll::bench {
namespace {

native::Client connect_to(const Endpoint& endpoint) {
  const std::string url = "valkey://" + endpoint.host + ":" + std::to_string(endpoint.port);
  native::Options options;
  options.request_timeout = std::chrono::minutes(1);
  options.connect_timeout = std::chrono::minutes(1);
  auto client = native::connect(url, options, boost::asio::use_future).get();
  if (!client) fail("plimsoll", client.error().what());
  return std::move(*client);
}

class OurSubscriber final : public Subscriber {
 public:
  explicit OurSubscriber(const Endpoint& endpoint) : client_(connect_to(endpoint)) {
    auto subscription = client_.subscribe(bench_channel, boost::asio::use_future).get();
    if (!subscription) fail("plimsoll", subscription.error().what());
    subscription_ = std::move(*subscription);
  }

  void take(std::size_t count) override {
    missing_ = count;
    std::promise<void> done;
    done_ = &done;
    take_some();
    done.get_future().wait();
  }

 private:
  void take_some() {
    subscription_.next_some(1000,
                            [this](const native::Result<std::vector<native::Message>>& messages) {
                              if (!messages || messages->empty())
                                fail("plimsoll", "the subscription has ended");
                              for (const native::Message& message : *messages) {
                                if (message.payload.size() != message_bytes)
                                  fail("plimsoll", "a wrong message");
                                if (message.lost > 0) fail("plimsoll", "messages were lost");
                              }
                              missing_ -= messages->size();
                              if (missing_ == 0) return done_->set_value();
                              take_some();
                            });
  }

  native::Client client_;
  native::Subscription subscription_;
  std::size_t missing_ = 0;
  std::promise<void>* done_ = nullptr;
};

}  // namespace

std::unique_ptr<Subscriber> make_our_subscriber(const Endpoint& endpoint) {
  return std::make_unique<OurSubscriber>(endpoint);
}

}  // namespace plimsoll::bench
