// A caller that writes to one slot, and compares what is there with what the client told it: see
// ledger.h. It writes a list and a counter for some seconds, reads the whole list, and begins
// others. All calls are made on the thread that runs `io`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/client.h"
#include "plimsoll/demo/cluster/ledger.h"
#include "plimsoll/demo/cluster/tally.h"

namespace plimsoll::demo {

class Writer {
 public:
  /// `number` is this caller's alone: several may have the same slot. All must outlive this, and
  /// this all calls: see is_done().
  Writer(boost::asio::io_context& io, native::Client& client, Tally& tally, std::uint16_t slot,
         std::size_t number);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void start();

  /// Begins no more, compares what there is, and is done.
  void stop() { is_stopping_ = true; }
  [[nodiscard]] bool is_done() const { return is_done_; }

  [[nodiscard]] std::uint16_t slot() const { return slot_; }
  void primary_died() { ledger_.primary_died(); }

  [[nodiscard]] const Findings& findings() const { return findings_; }
  /// The first of what was wrong, a sentence each.
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
  /// How many lists were compared.
  [[nodiscard]] std::size_t audits() const { return audits_; }
  /// How many were not, because they could not be read.
  [[nodiscard]] std::size_t not_compared() const { return not_compared_; }

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> write();
  boost::asio::awaitable<void> compare();
  void take_step();
  template <class T, class Settle>
  auto noting(Settle settle);
  void note(Tally::Clock::time_point sent_at, const native::Error* error);
  void audit(const std::vector<std::string>& texts);
  void complain(const std::string& what);

  boost::asio::io_context& io_;
  native::Client& client_;
  Tally& tally_;
  const std::uint16_t slot_;
  const std::string name_;  // of all its keys, behind which comes which list it is
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer all_settled_;
  Ledger ledger_;
  std::size_t generation_ = 0;
  std::string list_;
  std::string counter_;
  std::size_t open_ = 0;
  bool is_stopping_ = false;
  bool is_done_ = false;
  Findings findings_;
  std::vector<std::string> complaints_;
  std::size_t audits_ = 0;
  std::size_t not_compared_ = 0;
};

}  // namespace plimsoll::demo
