// Boost.Redis: boost_redis_worker HOST PORT. See worker.h. Compiled by ./dev bench compared alone,
// against a Boost that has it (tools/dev/boost_redis.sh).

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/redis/connection.hpp>
#include <boost/redis/src.hpp>
#include <boost/version.hpp>

#include "plimsoll/bench/compared/worker.h"

namespace plimsoll::bench {
namespace {

int run(const std::string& host, const std::string& port) {
  namespace redis = boost::redis;
  boost::asio::io_context io;
  redis::config config;
  config.addr = {host, port};
  config.health_check_interval = std::chrono::seconds(0);
  redis::connection connection(io);
  connection.async_run(config, redis::logger(redis::logger::level::err), boost::asio::detached);

  // A request must live until its reply has come.
  const auto make_burst = [&](std::size_t requests, std::size_t bytes) {
    BurstOutcome outcome;
    for (std::size_t number = 0; number < requests; ++number) {
      auto request = std::make_shared<redis::request>();
      request->push("SET", burst_key(number), burst_value(number, bytes));
      connection.async_exec(*request, redis::ignore,
                            [request, &outcome](boost::system::error_code problem, std::size_t) {
                              if (problem) fail_worker(problem.message());
                              ++outcome.answered;
                            });
    }
    while (outcome.answered + outcome.refused < requests) io.run_one();
    return outcome;
  };
  make_burst(1, 1);
  std::string version = BOOST_LIB_VERSION;
  for (char& letter : version) letter = letter == '_' ? '.' : letter;
  serve_bursts(version, make_burst);
  return 0;
}

}  // namespace
}  // namespace plimsoll::bench

int main(int argc, char** argv) {
  if (argc != 3) plimsoll::bench::fail_worker("expected HOST PORT");
  return plimsoll::bench::run(argv[1], argv[2]);
}
