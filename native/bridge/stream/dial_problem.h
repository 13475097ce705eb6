#pragma once

#include <string>

namespace plimsoll::bridge {

/// Why there is no connection to a server.
struct DialProblem {
  /// For the bridge's log only: it may quote the server. Empty: there is no problem.
  std::string what = {};
  /// The server was reached, and refused the login: with another password it might not.
  bool is_refused_login = false;
};

}  // namespace plimsoll::bridge
