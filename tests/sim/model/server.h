#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/tests/sim/model/options.h"
#include "plimsoll/tests/sim/model/time.h"

namespace plimsoll::sim::model {

class Engine;

/// A valkey-server, as far as a caching client can see it: bytes of connections in, bytes out, time
/// as an argument. It is written apart from the client and shares none of its code;
/// real_server_test.cc and real_conditions_test.cc hold it against a real server.
///
/// Modelled, with the real server's bytes and their order: the request reader with its protocol
/// errors, RESP2 and RESP3, HELLO, AUTH and users, databases, strings, counters, hashes, sets,
/// lists, BLPOP and BRPOP with CLIENT UNBLOCK, expiry, MULTI with WATCH, pub/sub, CLIENT TRACKING
/// in all its modes, and the refusals of a server that loads, runs a script, has lost its primary
/// or has too many clients. Requests behind one that blocks wait, and go on with the bytes that
/// come after it was answered. Also what one would not expect: a failed AUTH or HELLO has no reply
/// at all behind replies that have not been taken out of output() yet, as behind those that a real
/// server has not sent yet.
///
/// CLIENT TRACKING RESUME, if the options have it, is what no real server knows.
///
/// Not modelled: REDIRECT, CLIENT REPLY, LIST, INFO, PAUSE, scripts, sharded pub/sub, other
/// blocking commands, cluster, replication, which keys are evicted and when, persistence, limits of
/// buffers. Such commands are unknown to it. Sets and hashes beyond the real server's small
/// encodings (128 fields, 512 integers, 64 bytes) are told in the order in which they came, where a
/// real one has an arbitrary order; messages for several patterns, and an UNSUBSCRIBE of all, come
/// in the order of names.
class Server {
 public:
  explicit Server(ServerOptions options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// A new connection. It may be one that the server wants to be rid of (too many, protected mode):
  /// see closing().
  ClientId accept(Time now);

  /// The peer of a connection is gone, or its end was carried out. Nothing if it is gone already.
  void disconnect(ClientId client);

  /// Executes what is whole in the bytes and all those before. Output appears on this connection,
  /// and on others. A connection that is to be closed, or is gone, takes no more bytes.
  void handle_bytes(ClientId client, std::string_view bytes, Time now);

  /// The real server broadcasts (BCAST) at the end of a turn of its event loop, in which it has
  /// read from all connections that had something, at most 16 KiB from each.
  void end_turn();

  /// Removes the keys that have expired, as the real server does some time later, lets go of what
  /// is too much to be tracked, and answers those who have waited for long enough.
  void handle_time(Time now);

  /// Removes a key as a server that is over its maxmemory does, before it executes a command or in
  /// between. False if there is none.
  bool evict(int database, std::string_view key, Time now);

  /// From when on handle_time() has a key to remove; nothing if there is none that expires.
  std::optional<Time> next_expiry() const;

  /// Forgets the stream (CLIENT TRACKING RESUME) of one client, or of that one, without a word.
  void forget_stream(std::size_t choice);
  void forget_stream_of(ClientId client);
  /// Tells a client with a stream that a key has changed that has not. False: it has none.
  bool tell_stray(ClientId client, std::string_view key);
  const Resumptions& resumptions() const;

  /// Whether a connection waits with a command that blocks: until it is answered, the requests
  /// behind it wait, too.
  bool is_blocked(ClientId client) const;

  /// When handle_time() has somebody to answer who waits; nothing if there is none.
  std::optional<Time> next_timeout() const;

  /// Connections with new output or with closing() set, each once, until there is no more.
  std::optional<ClientId> poll_output();

  /// What is to be sent; whoever sends it erases it. Empty, and not to be used, if it is gone.
  std::string& output(ClientId client);
  std::string take_output(ClientId client);
  Closing closing(ClientId client) const;
  std::size_t connections() const;

  /// Connections are gone, and whatever belonged to them; the users and options stay.
  enum class Data { kept, lost };
  void restart(Data data);

  /// May be changed at any time, but for `users` and `databases`, which are read at the start.
  ServerOptions& options();

  /// Adds or changes a user, also for those who are it; erases one, and the connections that are
  /// it.
  void set_user(const User& user);
  void erase_user(std::string_view name);

  void script_error(ScriptedError error);
  void set_execution_log(ExecutionLog log);

  /// The string of a key, whether it has expired or not; nothing if there is none. Changes nothing.
  std::optional<std::string> peek(int database, std::string_view key) const;
  std::size_t key_count(int database) const;

 private:
  std::unique_ptr<Engine> engine_;
  std::string nothing_;
};

}  // namespace plimsoll::sim::model
