#include "plimsoll/core/cluster/primary_choice.h"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace plimsoll::primary_choice_test {
namespace {

using Kind = PrimaryChoice::Kind;
using State = SentinelVote::State;

// One letter for each sentinel: "A" and "B" name a primary, "u" knows none, "-" cannot be asked,
// "?" has yet to answer. Every sentinel has an id of its own.
std::vector<SentinelVote> votes_of(const std::string& letters) {
  std::vector<SentinelVote> votes;
  for (const char letter : letters) {
    SentinelVote& vote = votes.emplace_back();
    vote.id.fill(static_cast<char>('a' + votes.size()));
    switch (letter) {
      case '-': vote.state = State::absent; break;
      case '?': vote.state = State::pending; break;
      case 'u': vote.state = State::unknown; break;
      default:
        vote.state = State::said;
        vote.primary = *NodeAddress::read(std::string(1, letter), "6379");
    }
  }
  return votes;
}

// "A", "pending", "divided", "unknown" or "unanswered".
std::string choice(const std::vector<SentinelVote>& votes, const NodeAddress* announced = nullptr) {
  std::vector<const SentinelVote*> all;
  for (const SentinelVote& vote : votes) all.push_back(&vote);
  const PrimaryChoice made = choose_primary(all, announced);
  CHECK((made.primary != nullptr) == (made.kind == Kind::chosen));
  switch (made.kind) {
    case Kind::pending: return "pending";
    case Kind::chosen: return std::string(made.primary->host());
    case Kind::divided: return "divided";
    case Kind::unknown: return "unknown";
    case Kind::unanswered: return "unanswered";
  }
  return "";
}

struct Case {
  const char* votes;
  const char* choice;
};

TEST_CASE("the address that most sentinels name is chosen") {
  const auto [letters, expected] = GENERATE(
      Case{"", "unanswered"}, Case{"A", "A"}, Case{"AAA", "A"}, Case{"AAB", "A"}, Case{"BAB", "B"},
      // More than half of all known ones: nobody else need answer.
      Case{"AA?", "A"}, Case{"?A?", "pending"}, Case{"AA??", "pending"}, Case{"AAA??", "A"},
      // Once nobody else can: more than half of those that named one.
      Case{"A--", "A"}, Case{"AAB---", "A"}, Case{"A-u", "A"}, Case{"AB-", "divided"},
      Case{"AB", "divided"}, Case{"ABC", "divided"}, Case{"AB?", "pending"},
      // Nobody names one.
      Case{"---", "unanswered"}, Case{"uuu", "unknown"}, Case{"uu-", "unknown"},
      Case{"u--", "unanswered"}, Case{"u-", "unanswered"}, Case{"uu?", "pending"});
  CAPTURE(letters);
  CHECK(choice(votes_of(letters)) == expected);
}

TEST_CASE("a sentinel with several addresses has one vote, that of the first that can be asked") {
  auto votes = votes_of("ABB");
  votes[2].id = votes[1].id;
  CHECK(choice(votes) == "divided");
  votes[1].state = State::absent;
  CHECK(choice(votes) == "divided");
  votes[0].state = State::absent;
  CHECK(choice(votes) == "B");
  // All of one sentinel's addresses are absent: it is still one of three.
  votes = votes_of("AB---");
  votes[4].id = votes[3].id = votes[2].id;
  CHECK(choice(votes) == "divided");
}

TEST_CASE("an address that never answered may be that of a sentinel that was learned") {
  auto votes = votes_of("AA-?");
  CHECK(choice(votes) == "pending");
  votes[2].id = {};
  votes[3].was_learned = true;
  CHECK(choice(votes) == "A");
  // One that was learned without an id is nobody else.
  votes[2].id = votes[0].id;
  votes[3].id = {};
  votes[1].state = State::absent;
  CHECK(choice(votes) == "pending");
}

TEST_CASE("an announced switch outweighs all votes while it lasts") {
  const NodeAddress b = *NodeAddress::read("B", "6379");
  const NodeAddress a = *NodeAddress::read("A", "6379");
  SwitchAnnouncement announcement;
  const Instant now{};
  CHECK(announcement.primary(now) == nullptr);
  CHECK(announcement.until(now) == never);
  announcement.begin(1, b, now);
  const Instant end = now + SwitchAnnouncement::lifetime;
  CHECK(announcement.until(now) == end);
  CHECK(choice(votes_of("AAA"), announcement.primary(now)) == "B");
  CHECK(choice(votes_of("A??"), announcement.primary(end - Duration(1))) == "B");
  CHECK(choice(votes_of("AAA"), announcement.primary(end)) == "A");
  // What others say does not end it, nor does the same sentinel if it says the same.
  announcement.handle_said(2, a);
  announcement.handle_said(1, b);
  CHECK(announcement.primary(now) != nullptr);
  announcement.handle_said(1, a);
  CHECK(announcement.primary(now) == nullptr);
}

TEST_CASE("an announcement is not undone by a sentinel that has got the number of another one") {
  const NodeAddress a = *NodeAddress::read("A", "6379");
  const NodeAddress b = *NodeAddress::read("B", "6379");
  const Instant now{};
  SwitchAnnouncement announcement;
  announcement.begin(1, b, now);
  announcement.handle_renumbered(1, 4);
  announcement.handle_said(1, a);
  CHECK(announcement.primary(now) != nullptr);
  announcement.handle_gone(2, {});
  announcement.handle_said(4, a);
  CHECK(announcement.primary(now) == nullptr);

  SentinelNodeId id{};
  id.fill('4');
  announcement.begin(4, b, now);
  announcement.handle_gone(4, id);
  announcement.handle_said(4, a);
  CHECK(announcement.primary(now) != nullptr);
  announcement.handle_back(2, {});
  announcement.handle_said(2, a);
  CHECK(announcement.primary(now) != nullptr);
  announcement.handle_back(7, id);
  announcement.handle_said(7, a);
  CHECK(announcement.primary(now) == nullptr);
}

}  // namespace
}  // namespace plimsoll::primary_choice_test
