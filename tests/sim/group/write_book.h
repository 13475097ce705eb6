#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/ledger.h"

// The book of a group's writes: which server ran each, when and in which order, to which key, and
// which of them a failover has lost.

namespace plimsoll::sim {

class WriteBook {
 public:
  /// A server has run it. `survives`: the server is the primary, so that its history is the
  /// group's.
  enum class Survives : std::uint8_t { no, yes };
  void note_run(RequestNumber number, std::string_view key, std::size_t server, Survives survives,
                Instant now);

  /// Of all writes so far, these are what the primary has: the others are lost.
  void keep_only(const std::vector<RequestNumber>& history);

  /// Of the writes of a key, those that ran behind this one are lost; 0: all.
  void lose_after(std::string_view key, RequestNumber last);

  void note_acknowledged(RequestNumber number) { of(number).is_acknowledged = true; }

  bool has_run(RequestNumber number) const { return find(number).sequence != 0; }
  bool is_lost(RequestNumber number) const { return find(number).is_lost; }
  /// In which order they ran, from 1; 0: it has not run.
  std::uint64_t sequence(RequestNumber number) const { return find(number).sequence; }
  /// When its server ran it.
  Instant ran_at(RequestNumber number) const { return find(number).at; }
  /// The writes of a key that have run, in their order.
  const std::vector<RequestNumber>& of_key(std::string_view key) const;
  /// The server that ran it.
  std::size_t server(RequestNumber number) const { return find(number).server; }

  std::uint64_t acknowledged_and_lost() const { return acknowledged_and_lost_; }

 private:
  struct Write {
    std::uint64_t sequence = 0;
    std::size_t server = 0;
    Instant at{};
    bool is_lost = false;
    bool is_acknowledged = false;
  };

  void lose(Write& write);
  Write& of(RequestNumber number) {
    if (number >= writes_.size()) writes_.resize(number + 1);
    return writes_[number];
  }
  Write find(RequestNumber number) const {
    return number < writes_.size() ? writes_[number] : Write{};
  }

  std::vector<Write> writes_;  // by number
  std::map<std::string, std::vector<RequestNumber>, std::less<>> by_key_;
  std::uint64_t sequence_ = 0;
  std::uint64_t acknowledged_and_lost_ = 0;
};

}  // namespace plimsoll::sim
