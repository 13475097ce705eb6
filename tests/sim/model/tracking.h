#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/model/connections.h"
#include "plimsoll/tests/sim/model/streams.h"
#include "plimsoll/tests/sim/model/text_map.h"

namespace plimsoll::sim::model {

/// Why a key has changed.
enum class Cause { command, expiry, eviction };

/// Who is to be told of which changed keys: CLIENT TRACKING without REDIRECT.
///
/// Keys are known by name over all databases. A remembered read is told of once. What concerns the
/// connection whose request is being executed waits for after_command(): its replies come first.
/// Broadcasts wait for end_turn().
class Tracking {
 public:
  explicit Tracking(Connections& connections) : connections_(&connections) {}

  void turn_on(Connection& connection, TrackingState state);
  void turn_off(Connection& connection);

  /// The connection has ended. Whoever can come back goes on being told.
  void leave(Connection& connection, Time now);

  /// From here on the connection's pushes are counted, and kept for the next connection.
  const Stream& begin_stream(Connection& connection, const Resumption& options);
  /// Sends again what came behind that push, and all that its stream goes on to bring; whoever has
  /// had the stream is cut off. Null, and the stream is forgotten, if something would be missing.
  const Stream* resume(Connection& connection, std::string_view name, std::uint64_t number,
                       Time now);
  /// Forgets one of the streams, or a connection's: its reader is not told so.
  void forget_stream(std::size_t choice);
  void forget_stream_of(const Connection& connection);
  std::size_t streams() const { return streams_.size(); }
  bool has_stream(const Connection& connection) { return streams_.of(connection.id) != nullptr; }
  /// Tells the connection something that is not so. Nothing without a stream.
  void tell_stray(Connection& connection, std::string_view key);
  /// Remembers that the connection has read the key, if its mode and CLIENT CACHING say so.
  void remember(Connection& connection, std::string_view key);

  /// Says that a key has changed. `executing` is whose request is being executed, null if nobody's.
  void invalidate(std::string_view key, Connection* executing, Cause cause);
  void invalidate_all(Connection* executing);

  void after_command(Connection& executing);
  void end_turn();
  void forget_those_gone(Time now);

  /// Forgets random keys, and says so at once, while there are too many: before a command is
  /// executed, whose connection `coming` is, or between commands, when it is null.
  void limit(std::size_t keys_max, const Connection* coming);
  void forget_everything();

 private:
  struct RememberedKey {
    std::string name;
    std::vector<ClientId> readers;
  };
  struct Prefix {
    std::vector<ClientId> clients;
    std::map<std::string, ClientId, std::less<>> changed;  // and by whom last
  };
  enum class Scope { key, everything };
  struct Pending {
    Scope scope;
    std::string key;
  };

  void broadcast_later(std::string_view key, ClientId writer);
  void broadcast(const Prefix& prefix);
  enum class When { at_once, after_command };
  void tell_readers(const RememberedKey& key, const Connection* current, When own);
  void tell(Connection& connection, std::string_view push);
  Stream* stream_away(ClientId reader);
  void forget(const Stream& stream);
  void move_reads(ClientId from, Connection& to);
  void leave_prefixes(ClientId reader, const TrackingState& state);
  void erase(std::uint32_t place);
  void drop_gone(std::vector<ClientId>& readers);

  Connections* connections_;
  TextMap<std::uint32_t> places_;  // into keys_
  std::vector<RememberedKey> keys_;
  std::map<std::string, Prefix, std::less<>> prefixes_;
  std::vector<Pending> pending_;
  Streams streams_;
  std::uint64_t choice_ = 0x9e37'79b9'7f4a'7c15;
};

}  // namespace plimsoll::sim::model
