#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "plimsoll/tests/sim/network/pipe.h"

// One connection between a client and a server, from the attempt to its end, and what the network
// can do to it. Each end learns of what happened to the other by what arrives, or does not.

namespace plimsoll::sim {

class Link final : private Handler, private Pipe::Ends {
 public:
  class Client {
   public:
    virtual void handle_connected() = 0;
    virtual void handle_refused() = 0;  ///< there will be no connection
    virtual void handle_readable() = 0;
    virtual void handle_writable() = 0;
    virtual void handle_lost() = 0;  ///< reset

   protected:
    ~Client() = default;
  };

  class Server {
   public:
    virtual void handle_connected(Link& link) = 0;
    virtual void handle_readable(Link& link) = 0;
    virtual void handle_writable(Link& link) = 0;
    virtual void handle_lost(Link& link) = 0;

   protected:
    ~Server() = default;
  };

  enum class Attempt : std::uint8_t { succeeds, is_refused, is_not_answered };

  Link(Schedule& schedule, Random& random)
      : schedule_(schedule),
        random_(random),
        to_server_(schedule, random, *this),
        to_client_(schedule, random, *this) {}

  /// `serial` names this connection and no other.
  void connect(std::uint64_t serial, Client& client, Server& server, const Conditions& conditions,
               Attempt attempt, Duration wait);

  std::uint64_t serial() const { return serial_; }
  bool in_use() const { return client_here_ || server_here_; }
  bool established() const { return client_here_ && server_here_; }

  // The client's end, which it has to close, also when it was told that it is lost.

  Pipe& to_server() { return to_server_; }
  Pipe& to_client() { return to_client_; }
  /// Behind what was written, or with what did not arrive lost.
  void close_by_client();
  void reset_by_client();

  // The server's end.

  /// Ends its own direction and goes on reading.
  void finish_by_server() { to_client_.end(); }
  void close_by_server();
  void reset_by_server();
  /// Where the server keeps what it knows of this connection.
  std::size_t place() const { return place_; }
  void set_place(std::size_t place) { place_ = place; }

  // What the network does.

  /// Both ends lose the connection.
  void reset();
  /// The server's machine is gone. The client is not told before `wait` has passed, or never where
  /// it gives up itself.
  void silence(Duration wait);
  /// No fault from here on: what was held up arrives, and a client whose server is gone is told.
  void calm_down(Pipe::Pieces pieces);

  /// Nothing arrives for that long.
  enum class Direction : std::uint8_t { to_server, to_client, both };
  void hold(Direction direction, Duration wait);
  void release();

  // What the server did on it, for the ledger.

  /// The server has sent something that was not due: what the replies mean from now on is open.
  void note_lie() { truthful_ = false; }
  bool truthful() const { return truthful_; }
  /// The server says that many bytes more, and the client has read that many more.
  void note_said(std::size_t bytes);
  void note_heard(std::size_t bytes);
  /// All that the server said before that, the client has read.
  Instant heard_until() const { return heard_until_; }
  /// The server has told the client here what it had missed on another connection.
  void note_resumed() { resumed_at_ = schedule_.now(); }
  Instant resumed_at() const { return resumed_at_; }
  /// False where requests of one connection run in another order than they were made in.
  bool note_run(std::uint64_t request) { return std::exchange(last_run_, request) < request; }

 private:
  enum Plan : std::uint32_t { answer, tell_client, tell_server, end_hold };

  void handle(std::uint32_t what, std::uint64_t serial) override;
  void handle_arrival(Pipe& pipe) override;
  void handle_room(Pipe& pipe) override;
  void plan(Duration wait, Plan what) { schedule_.plan(wait, *this, what, serial_); }
  Duration some_latency();

  Schedule& schedule_;
  Random& random_;
  Pipe to_server_;
  Pipe to_client_;
  Client* client_ = nullptr;
  Server* server_ = nullptr;
  Conditions conditions_;
  Attempt attempt_ = Attempt::succeeds;
  std::uint64_t serial_ = 0;
  bool client_here_ = false;  // has not closed its end
  bool server_here_ = false;
  bool silenced_ = false;
  bool truthful_ = true;
  std::uint64_t last_run_ = 0;
  struct Said {
    std::uint64_t end;  // in the stream
    Instant at;
  };
  std::deque<Said> said_;  // not read yet
  std::uint64_t said_bytes_ = 0;
  std::uint64_t heard_bytes_ = 0;
  Instant heard_until_{};
  Instant resumed_at_ = never;
  std::size_t place_ = 0;
};

}  // namespace plimsoll::sim
