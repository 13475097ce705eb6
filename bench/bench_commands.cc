// A day's commands over one connection, 100 in flight, messages to a subscriber, and the same work
// over TLS: CPU against hiredis on libev, and TLS against none.

#include <unistd.h>

#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/commands/cases.h"
#include "plimsoll/bench/commands/work.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/tls_server.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace {

using namespace plimsoll::bench;
namespace testing = plimsoll::testing;

int run(const CommonOptions& options) {
  if (!has_program("valkey-benchmark")) fail("valkey-benchmark", "not installed");
  const Cores cores = choose_cores();
  const testing::CertificateAuthority authority;
  const testing::ValkeyServer server({.listen = testing::Listen::unix_socket_and_tcp});
  const testing::TlsServer secret(authority);
  pin(server.pid(), cores.server);
  pin(secret.pid(), cores.server);
  pin(getpid(), cores.client);
  for (std::size_t line = 0; line < preparation_lines; ++line) {
    server.ask(preparation(line));
    secret.ask(preparation(line));
  }
  Report report = make_report("commands", options);
  report.add_machine(machine_description());
  const CommandsServer both{{.port = server.port()}, {.port = secret.port()}, authority.file()};
  const CommandsEffort& effort = options.quick ? quick_commands_effort : full_commands_effort;
  add_work(both, effort, report);
  add_messages(both, effort, report);
  return report.finish();
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  CommandLine command_line("Commands, messages and TLS, against private servers.", options);
  if (const auto status = command_line.parse(argc, argv)) return *status;
  return run(options);
}
