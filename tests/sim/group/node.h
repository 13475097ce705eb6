#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/group/read_book.h"
#include "plimsoll/tests/sim/group/write_book.h"
#include "plimsoll/tests/sim/server/process.h"

// A server of a group: a process that is a primary or a replica. A replica gets the primary's
// writes some time later, and refuses those of clients. One that is promoted keeps what it has got
// so far, and begins a history of writes of its own; one that becomes a replica takes over all that
// the primary has, and its history. Both close all connections then.

namespace plimsoll::sim {

class Node final : public Process {
 public:
  Node(Environment& environment, WriteBook& writes, ReadBook& reads, std::uint32_t number);

  bool is_primary() const { return primary_ == nullptr; }
  /// Whether it is a replica of that server, and has the same history as far as it goes. The name
  /// tells: a server that was away may take another for its primary that has begun anew since.
  bool follows(const Node& primary) const {
    return primary_ == &primary && history_name_ == primary.history_name_;
  }
  /// The numbers of the writes that it has, in their order.
  const std::vector<RequestNumber>& history() const { return history_; }
  /// Its writes are the group's from now on, or no longer.
  void set_survives(WriteBook::Survives survives) { survives_ = survives; }

  void promote();
  void follow(Node& primary);

  // Faults.

  void kill();
  void revive();
  /// Nothing of its primary's gets to it for that long, and it does not know.
  void lag(Duration time);
  /// Its link to the primary is down, and it may know of it by its condition.
  void lose_primary();
  /// It is started again, with the first `writes_count` of its writes, and gets the others anew.
  void restart_with(std::size_t writes_count);
  /// Whether its primary names it in INFO; `being_filled`: not as one that is online.
  enum class Listed : std::uint8_t { no, being_filled, yes };
  void set_listed(Listed listed) { listed_ = listed; }
  void refuse_info() { refuses_info_ = true; }
  void allow_info() { refuses_info_ = false; }
  /// The next read that a client has sent to it as a replica gets no answer, and its connection
  /// ends.
  void cut_next_read() { cuts_next_read_ = true; }
  /// All that could end by itself is over.
  void heal();

  /// When it answered a read as a replica last.
  Instant read_at() const { return read_at_; }
  std::string_view zone() const { return zone_; }

  void set_condition(model::Condition condition) { model().options().condition = condition; }

 private:
  // What it knows of who is at a connection.
  struct Peer {
    bool is_told_replica = false;  // by HELLO
    bool is_told_offset = false;   // by INFO
    RequestNumber refused = 0;     // the first read that was, since INFO was answered last
  };

  void answer(Connection& connection, std::string_view request) override;
  void forget_place(std::size_t place) override { peers_[place] = {}; }
  void handle_change() override;

  Peer& peer_of(const Connection& connection) { return peers_[connection.place]; }
  std::string reply_to(Connection& connection, std::string_view request);
  std::string reply_to_info(Connection& connection);
  std::string replication_info();
  bool has_link() const;
  void note_answered(Connection& connection, RequestNumber number, std::string_view reply);
  void note_read(Connection& connection, RequestNumber number, std::string_view reply);
  bool cuts(Connection& connection);
  void note_execution(const model::Execution& execution);
  void note_write(RequestNumber number, std::string_view request);
  void run_all();
  void begin_history();
  void receive();
  void receive_all_anew();
  void apply_next();
  void run_of_primary(std::string_view request);
  void leave_primary();

  WriteBook& writes_;
  ReadBook& reads_;
  std::map<std::size_t, Peer> peers_;  // by place
  std::vector<RequestNumber> history_;
  std::vector<std::string> requests_;  // of history_
  std::string history_name_;
  std::uint64_t histories_ = 0;  // that it has begun
  std::uint64_t offset_ = 0;     // the bytes of requests_
  std::string zone_;
  Node* primary_ = nullptr;  // null: it is one
  std::vector<Node*> replicas_;
  Instant lags_until_{};
  Instant read_at_{};
  Listed listed_ = Listed::yes;
  bool is_link_down_ = false;
  bool refuses_info_ = false;
  bool cuts_next_read_ = false;
  WriteBook::Survives survives_ = WriteBook::Survives::no;
  std::string_view executing_;  // the request at hand, of a client
  bool has_executed_ = false;
};

}  // namespace plimsoll::sim
