#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/model/comparison/real_connection.h"
#include "plimsoll/tests/sim/model/server.h"

namespace plimsoll::sim::model {

/// A real server and the model, to which the same is said, and whose answers must be the same.
///
/// The model's tell how many frames the real server's connections owe, so that nothing needs to be
/// waited for that does not come. Every difference throws std::runtime_error with what was said so
/// far.
class BothServers {
 public:
  /// The real server is in the state in which the options describe the model, and empty.
  BothServers(std::string socket_path, ServerOptions options);

  /// A new connection to both, with the same CLIENT ID.
  std::size_t connect();
  std::size_t connections() const { return pairs_.size(); }

  /// Says it in one piece: one turn of the real server's event loop, as long as it is short.
  void send(std::size_t connection, std::string_view bytes);

  /// Says it without a look at what comes.
  void send_only(std::size_t connection, std::string_view bytes);
  void end_turn() { model_.end_turn(); }

  /// Whether a connection waits with a command that blocks; by which CLIENT ID both know it, to be
  /// asked while it does not.
  bool is_blocked(std::size_t connection) const;
  std::string client_id(std::size_t connection);

  /// Has the model remove what has expired by now.
  void remove_expired();

  /// Reads from all connections what the model owes, and compares. Where a connection is ended,
  /// both must end it, and another one takes its place.
  void compare();

  /// Waits until the clock shows another time, by some milliseconds.
  void let_time_pass();

  /// How many connections both have ended.
  std::size_t ends() const { return ends_; }

  Server& model() { return model_; }

 private:
  struct Pair {
    RealConnection real;
    ClientId model;
  };

  void compare(std::size_t number);
  void compare_bytes(std::size_t number, const std::string& expected);
  void compare_end(std::size_t number);
  [[noreturn]] void fail(std::size_t number, std::string_view what, std::string_view real,
                         std::string_view model) const;

  std::string socket_path_;
  std::string ask_;
  Server model_;
  std::vector<Pair> pairs_;
  std::string said_;
  std::size_t ends_ = 0;
};

/// Bytes as a C string would be written.
std::string readable(std::string_view bytes);

/// A request as an array of bulk strings.
std::string request(const std::vector<std::string>& words);

}  // namespace plimsoll::sim::model
