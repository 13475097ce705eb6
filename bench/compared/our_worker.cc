// Plimsoll's native client with callbacks: our_worker HOST PORT. See worker.h.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "plimsoll/bench/compared/worker.h"
#include "plimsoll/client.h"
#include "plimsoll/version.h"

namespace plimsoll::bench {
namespace {

class Burst {
 public:
  Burst(native::Client& client, std::size_t bytes) : client_(client), bytes_(bytes) {}

  void request(std::size_t number) {
    ++under_way_;
    client_.set(burst_key(number), burst_value(number, bytes_),
                [this, number](native::Result<void> stored) { handle(number, stored); });
  }

  const BurstOutcome& outcome() const { return outcome_; }

 private:
  void handle(std::size_t number, const native::Result<void>& stored) {
    --under_way_;
    if (stored) {
      ++outcome_.answered;
      if (refused_.empty()) return;
      const std::size_t again = refused_.back();
      refused_.pop_back();
      request(again);
      return;
    }
    const bool has_no_room = stored.error().code() == native::ErrorCode::rejected_by_limit;
    if (!has_no_room || under_way_ == 0) fail_worker(stored.error().what());
    ++outcome_.refused;
    refused_.push_back(number);
  }

  native::Client& client_;
  const std::size_t bytes_;
  std::size_t under_way_ = 0;
  std::vector<std::size_t> refused_;
  BurstOutcome outcome_;
};

int run(const std::string& host, const std::string& port) {
  boost::asio::io_context io;
  native::Options options;
  options.request_timeout = std::chrono::nanoseconds(0);
  options.health_check_interval = std::chrono::nanoseconds(0);
  std::optional<native::Client> client;
  native::connect(io.get_executor(), "valkey://" + host + ":" + port, options,
                  [&client](native::Result<native::Client> connected) {
                    if (!connected) fail_worker(connected.error().what());
                    client.emplace(std::move(connected).value());
                  });
  while (!client) io.run_one();
  const auto make_burst = [&](std::size_t requests, std::size_t bytes) {
    Burst burst{*client, bytes};
    for (std::size_t number = 0; number < requests; ++number) burst.request(number);
    while (burst.outcome().answered < requests) io.run_one();
    return burst.outcome();
  };
  serve_bursts(std::string(native::version), make_burst);
  return 0;
}

}  // namespace
}  // namespace plimsoll::bench

int main(int argc, char** argv) {
  if (argc != 3) plimsoll::bench::fail_worker("expected HOST PORT");
  return plimsoll::bench::run(argv[1], argv[2]);
}
