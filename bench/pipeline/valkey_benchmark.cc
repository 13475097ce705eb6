#include "plimsoll/bench/pipeline/valkey_benchmark.h"

#include <cstdlib>
#include <string>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {

double run_valkey_benchmark(const Endpoint& endpoint, std::size_t depth, std::size_t count) {
  const auto text =
      run_program({"valkey-benchmark", "-h", endpoint.host, "-p", std::to_string(endpoint.port),
                   "-c", "1", "-P", std::to_string(depth), "-n", std::to_string(count), "--csv",
                   "GET", std::string(bench_key)});
  // The last line: "GET key","1096491.25","0.080",...
  const auto line = text.rfind("\n\"GET ");
  const auto comma = line == std::string::npos ? line : text.find(",\"", line);
  if (comma == std::string::npos) fail("valkey-benchmark wrote what is not understood", text);
  const double rate = std::strtod(text.c_str() + comma + 2, nullptr);
  if (rate <= 0) fail("valkey-benchmark gave no rate", text);
  return rate;
}

}  // namespace plimsoll::bench
