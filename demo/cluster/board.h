// What the page shows, as a line of JSON four times a second: which node has which slot, what each
// node does, what has happened, how the callers fare. Nodes and their slots are read through the
// client under load, as a user would. Call everything on the load's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "plimsoll/demo/cluster/load.h"
#include "plimsoll/tests/support/cluster_view.h"

namespace plimsoll::demo {

/// A node as whoever has started it knows it.
struct StartedNode {
  std::string name;
  std::string address;
  std::string id;
  bool is_running = true;
};

/// Slots that are being moved: those below `next` have arrived.
struct MovingSlots {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  std::uint16_t next = 0;
};

class Board {
 public:
  /// Takes the descriptor over. The load must outlive this.
  Board(boost::asio::io_context& io, Load& load, int descriptor);
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  void start() { tick(); }
  void stop();

  void set_nodes(std::vector<StartedNode> nodes) { nodes_ = std::move(nodes); }
  void set_moving(std::optional<MovingSlots> moving) { moving_ = moving; }
  /// What is being done; empty: nothing.
  void set_doing(std::string doing) { doing_ = std::move(doing); }
  /// The page may order something from here on.
  void set_walked() { is_walked_ = true; }
  void set_callers(const std::vector<std::uint16_t>& slots) { callers_ = slots; }
  void say(std::string_view label, std::string text);

 private:
  struct News {
    std::size_t number;
    std::int64_t at;  // milliseconds since the start
    std::string label;
    std::string text;
  };
  struct Point {
    std::size_t rate;
    std::int64_t median;  // microseconds
    std::int64_t longest;
    std::size_t parked;
  };

  void tick();
  void ask();
  void write();
  std::string state();
  nlohmann::json node(const StartedNode& started, const native::Topology& topology) const;
  nlohmann::json nodes(const std::vector<std::size_t>& owners);
  nlohmann::json counts() const;
  nlohmann::json client() const;

  Load& load_;
  boost::asio::posix::stream_descriptor out_;
  boost::asio::steady_timer timer_;
  const Tally::Clock::time_point began_ = Tally::Clock::now();
  std::vector<StartedNode> nodes_;
  std::vector<testing::KnownNode> known_;
  std::vector<std::uint16_t> callers_;
  std::optional<MovingSlots> moving_;
  std::string doing_;
  bool is_walked_ = false;
  std::deque<News> news_;
  std::size_t news_count_ = 0;
  std::deque<Point> points_;
  bool is_asking_ = false;
  bool is_writing_ = false;
  std::string line_;
};

}  // namespace plimsoll::demo
