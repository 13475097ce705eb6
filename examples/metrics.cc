// What an operator sees: the process's figures for Prometheus, on an address of this machine, and a
// dump of all accounts on SIGUSR1. An argument behind the server's address says where to serve
// ("127.0.0.1:9121"); then it serves until it is ended:
//
//   curl http://127.0.0.1:9121/metrics
//   kill -USR1 PID

#include "plimsoll/metrics.h"

#include <unistd.h>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/dump.h"

namespace native = plimsoll::native;

// The first line of the text that begins with this.
void show(const std::string& text, const std::string& begin) {
  const std::size_t at = text.find("\n" + begin);
  if (at == text.npos) throw std::runtime_error("nothing begins with " + begin);
  std::cout << text.substr(at + 1, text.find('\n', at + 1) - at - 1) << "\n";
}

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";
  const bool stays = argc > 2;

  // Both are off until somebody asks for them. Port 0 is any that is free.
  native::MetricsOptions metrics;
  metrics.listen = stays ? argv[2] : "127.0.0.1:0";
  const std::string address = native::serve_metrics(metrics).value();  // throws what is wrong
  native::dump_on_signal().value();

  native::Options options;
  options.client_name = "example";
  auto client = native::connect(url, options, boost::asio::use_future).get().value();
  client.set("ship", "Great Eastern", boost::asio::use_future).get().value();
  if (stays) {
    std::cout << "http://" << address << "/metrics" << std::endl;
    for (;;) ::pause();  // which each signal ends
  }

  // What the endpoint says; a program may put it behind an endpoint of its own. And the dump.
  const std::string text = native::metrics_text();
  show(text, "plimsoll_memory_target_bytes");
  show(text, "plimsoll_client_requests_submitted_total{");
  std::cout << (native::dump_text().find("== clients") != std::string::npos) << "\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   plimsoll_memory_target_bytes 67108864
//   plimsoll_client_requests_submitted_total{client="1",client_name="example"} 1
//   1
