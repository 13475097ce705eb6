#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "plimsoll/tests/core/client/pair.h"

// A conversation in which anything may happen at any time: the seed decides. Requests come and are
// cancelled, bytes travel in pieces and late, the server stalls, answers at length, refuses, talks
// nonsense, the connection breaks, memory is short. The client has to keep its promises to the end.

namespace plimsoll::testing {

class Chaos {
 public:
  explicit Chaos(std::uint64_t seed);

  /// Lets one thing happen.
  void step();

  /// Whether the client has ended.
  bool over() { return pair_.end.state() == Session::State::closed; }

  /// Ends the conversation, and holds every outcome against what the server has seen.
  void finish();

  /// Each outcome without its tag and its text: "completed", "timed_out (no)".
  const std::multiset<std::string>& outcomes() const { return outcomes_; }

 private:
  // What the server does wrong in this conversation; each is one run's whole character.
  enum class Fault { none, stalls, resets, garbage, extra_replies, flipped_bits, refusals };

  static ClientOptions random_options(std::mt19937_64& random);
  static BudgetOptions random_budget(std::mt19937_64& random);

  std::size_t below(std::size_t end) { return random_() % end; }
  bool one_in(std::size_t count) { return below(count) == 0; }

  void submit();
  void cancel();
  void write();
  void move_to_peer(std::size_t bytes);
  void move_to_client(std::size_t bytes);
  void change_link();
  void misbehave();
  void lose_link();
  void take_events();
  void note_outcome(Tag tag, const std::string& outcome);
  std::string answer(const Words& words);

  std::mt19937_64 random_;
  const Fault fault_;
  Pair pair_;
  std::string to_peer_;  // taken by the transport, not yet with the server
  std::string to_client_;
  bool truthful_ = true;  // no reply has been made up so far
  Tag last_tag_ = 0;
  std::vector<RequestId> ids_;
  std::map<Tag, std::string> payloads_;
  std::set<Tag> never_executed_;
  std::set<Tag> executed_;
  std::multiset<std::string> outcomes_;
};

}  // namespace plimsoll::testing
