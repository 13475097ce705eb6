#pragma once

#include <utility>

#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"

namespace plimsoll::testing {

/// Runs `program` with a client of an empty database, once in RESP3 and once in RESP2.
template <class Program>
void in_both_protocols(Program program) {
  native::Options options = patient_options();
  options.protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  shared_server().ask("FLUSHALL");
  native::Client client = connected(unix_url(), std::move(options));
  program(client);
}

}  // namespace plimsoll::testing
