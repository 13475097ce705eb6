#pragma once

#include <string>

#include "plimsoll/tests/support/valkey_server.h"

// The server of the tests in one binary that do it no harm.

namespace plimsoll::testing {

inline ValkeyServer& shared_server() {
  static ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  return server;
}

inline std::string tcp_url() { return shared_server().url(); }
inline std::string unix_url() { return "unix://" + shared_server().socket_path(); }

}  // namespace plimsoll::testing
