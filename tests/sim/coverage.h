#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/session/session.h"
#include "plimsoll/tests/sim/faults.h"

// What has happened over one world or many: each fault, each outcome, each way from one state of a
// session to another. A slice of seeds in which something never happened proves nothing about it.

namespace plimsoll::sim {

inline constexpr std::size_t states_count = static_cast<std::size_t>(Session::State::closed) + 1;
inline constexpr std::size_t executed_count = static_cast<std::size_t>(Executed::yes) + 1;

const char* name(Session::State state);

struct Coverage {
  std::array<std::uint64_t, faults_count> faults{};

  /// By code and `executed`: what requests ended with, and what submit() refused them with.
  std::array<std::array<std::uint64_t, executed_count>, error_codes_count> outcomes{};
  /// Why there was no connection, and why clients closed, by code.
  std::array<std::uint64_t, error_codes_count> problems{};
  std::array<std::uint64_t, error_codes_count> ends{};
  std::array<std::array<std::uint64_t, states_count>, states_count> transitions{};

  std::uint64_t requests = 0;
  std::uint64_t completed = 0;
  std::uint64_t connections = 0;  // times a client was ready
  std::uint64_t clients = 0;
  std::uint64_t resent = 0;
  std::uint64_t health_checks = 0;
  std::uint64_t connections_dead = 0;
  std::uint64_t pushed = 0;

  void count(Fault fault) { ++faults[static_cast<std::size_t>(fault)]; }
  void count_outcome(const Error& error) {
    ++outcomes[static_cast<std::size_t>(error.code)][static_cast<std::size_t>(error.executed)];
  }
  void count_problem(ErrorCode code) { ++problems[static_cast<std::size_t>(code)]; }
  void count_end(ErrorCode code) { ++ends[static_cast<std::size_t>(code)]; }
  void count_transition(Session::State from, Session::State to) {
    ++transitions[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
  }

  /// Of a client that has ended.
  void count(const SessionCounters& counters);

  /// Whether `code` was seen anywhere.
  bool has(ErrorCode code) const;

  void add(const Coverage& other);
};

}  // namespace plimsoll::sim
