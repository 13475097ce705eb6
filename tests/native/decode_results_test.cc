#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/decode.h"
#include "plimsoll/tests/native/wire_value.h"

// Replies that have a structure, in the shapes of RESP3 and of RESP2.

namespace plimsoll::testing::decode_results_test {
namespace {

using namespace std::chrono_literals;

// The bytes of a reply that is written as it is meant: "*2 $a :1" with lengths put in.
std::string wire(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string word(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word[0] == '$') {
      out += "$" + std::to_string(word.size() - 1) + "\r\n" + word.substr(1) + "\r\n";
    } else {
      out += word + "\r\n";
    }
  }
  return out;
}

template <class T>
T decoded(std::string_view text) {
  INFO(text);
  const WireValue value(wire(text));
  T out{};
  REQUIRE(native::decode(*value, out));
  return out;
}

template <class T>
std::string refusal(std::string_view text) {
  const WireValue value(wire(text));
  T out{};
  const plimsoll::Status status = native::decode(*value, out);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == ErrorCode::wrong_type);
  CHECK(status.error().executed == Executed::yes);
  std::array<char, error_text_max> said{};
  return std::string(describe(status.error(), said));
}

TEST_CASE("members with scores come nested, flat, or as a map") {
  using Members = std::vector<native::Scored>;
  for (const char* text :
       {"*2 *2 $a ,1.5 *2 $b ,-inf", "*4 $a $1.5 $b $-inf", "%2 $a ,1.5 $b ,-inf"}) {
    const auto members = decoded<Members>(text);
    REQUIRE(members.size() == 2);
    CHECK(members[0].member == "a");
    CHECK(members[0].score == 1.5);
    CHECK(members[1].member == "b");
    CHECK(members[1].score < 0);
  }
  CHECK(decoded<Members>("*0").empty());
  CHECK(refusal<Members>("*3 $a $1 $b").find("map") != std::string::npos);
  CHECK(refusal<Members>("*1 *1 $a").find("too few") != std::string::npos);
}

TEST_CASE("one member with its score, or none") {
  using Member = std::optional<native::Scored>;
  CHECK(decoded<Member>("*2 $a ,2")->score == 2);
  CHECK(decoded<Member>("*2 $a $2")->member == "a");
  CHECK_FALSE(decoded<Member>("*0").has_value());
  CHECK_FALSE(decoded<Member>("_").has_value());
  CHECK_FALSE(decoded<Member>("*-1").has_value());
}

TEST_CASE("fields with values come nested or flat") {
  for (const char* text : {"*2 *2 $f $v *2 $g $w", "*4 $f $v $g $w", "%2 $f $v $g $w"}) {
    const auto fields = decoded<std::vector<native::FieldValue>>(text);
    REQUIRE(fields.size() == 2);
    CHECK(fields[1].field == "g");
    CHECK(fields[1].value == "w");
  }
}

TEST_CASE("what a pop gives has the key with it") {
  const auto element = decoded<std::optional<native::KeyAndElement>>("*2 $k $e");
  CHECK(element->key == "k");
  CHECK(element->element == "e");
  CHECK_FALSE(decoded<std::optional<native::KeyAndElement>>("*-1").has_value());

  const auto elements = decoded<native::PoppedElements>("*2 $k *2 $a $b");
  CHECK(elements.elements == std::vector<std::string>{"a", "b"});

  CHECK(decoded<native::PoppedScore>("*3 $k $m ,1.5").score == 1.5);
  CHECK(decoded<native::PoppedScore>("*3 $k $m $1.5").score == 1.5);
  const auto scores = decoded<native::PoppedScores>("*2 $k *1 *2 $m $2.5");
  CHECK(scores.members[0].score == 2.5);
  CHECK(decoded<native::Ranked>("*2 :3 $1").rank == 3);
}

TEST_CASE("a page has the cursor of the next one") {
  const auto page = decoded<native::ScanPage>("*2 $17 *2 $a $b");
  CHECK(page.cursor == "17");
  CHECK(page.elements.size() == 2);
  CHECK(decoded<native::HashScanPage>("*2 $0 *2 $f $v").fields[0].value == "v");
  CHECK(decoded<native::SortedSetScanPage>("*2 $0 *2 $m $1.5").members[0].score == 1.5);
  CHECK(decoded<native::SortedSetScanPage>("*2 $0 *0").members.empty());
}

TEST_CASE("a place has what was asked for, each told apart by what it is") {
  const auto places =
      decoded<std::vector<native::Place>>("*3 $a *2 $b $1.5 *4 $c ,2.5 :7 *2 $3 $4");
  CHECK(places[0].member == "a");
  CHECK_FALSE(places[0].distance);
  CHECK(places[1].distance == 1.5);
  CHECK_FALSE(places[1].hash);
  CHECK(places[2].distance == 2.5);
  CHECK(places[2].hash == 7);
  CHECK(places[2].position->latitude == 4);

  const auto positions = decoded<std::vector<std::optional<native::Position>>>("*2 *2 ,1 ,2 *-1");
  CHECK(positions[0]->longitude == 1);
  CHECK_FALSE(positions[1]);
}

TEST_CASE("matches come as a map or as its pairs, with or without lengths") {
  for (const char* text : {"%2 $matches *2 *3 *2 :4 :7 *2 :5 :8 :4 *2 *2 :0 :1 *2 :2 :3 $len :6",
                           "*4 $matches *2 *3 *2 :4 :7 *2 :5 :8 :4 *2 *2 :0 :1 *2 :2 :3 $len :6"}) {
    const auto found = decoded<native::LcsMatches>(text);
    CHECK(found.length == 6);
    REQUIRE(found.matches.size() == 2);
    CHECK(found.matches[0].first_begin == 4);
    CHECK(found.matches[0].second_end == 8);
    CHECK(found.matches[0].length == 4);
    CHECK_FALSE(found.matches[1].length);
  }
}

TEST_CASE("streams come as a map, as pairs, or not at all") {
  using Streams = std::vector<native::StreamEntries>;
  for (const char* text : {"%1 $s *1 *2 $1-0 *2 $f $v", "*1 *2 $s *1 *2 $1-0 *2 $f $v"}) {
    const auto streams = decoded<Streams>(text);
    REQUIRE(streams.size() == 1);
    CHECK(streams[0].stream == "s");
    CHECK(streams[0].entries[0].id == "1-0");
    CHECK(streams[0].entries[0].fields[0].value == "v");
  }
  CHECK(decoded<Streams>("_").empty());
  CHECK(decoded<Streams>("*-1").empty());
}

TEST_CASE("an entry that has been deleted has no fields") {
  const auto entries = decoded<std::vector<native::StreamEntry>>("*3 *2 $1-0 *0 *2 $2-0 *-1 *-1");
  CHECK_FALSE(entries[0].deleted);
  CHECK(entries[1].deleted);
  CHECK(entries[1].id == "2-0");
  CHECK(entries[2].deleted);
}

TEST_CASE("what was claimed has the deleted ids, where the server tells them") {
  const auto claimed = decoded<native::ClaimedEntries>("*3 $0-0 *1 *2 $1-0 *2 $f $v *1 $2-0");
  CHECK(claimed.next == "0-0");
  CHECK(claimed.entries.size() == 1);
  CHECK(claimed.deleted == std::vector<std::string>{"2-0"});
  CHECK(decoded<native::ClaimedIds>("*2 $5-0 *1 $1-0").deleted.empty());
}

TEST_CASE("pending entries in sum and one by one") {
  const auto sum = decoded<native::PendingSummary>("*4 :2 $1-0 $2-0 *1 *2 $alice $2");
  CHECK(sum.count == 2);
  CHECK(sum.highest == "2-0");
  CHECK(sum.consumers[0].consumer == "alice");
  CHECK(sum.consumers[0].count == 2);
  const auto none = decoded<native::PendingSummary>("*4 :0 _ _ _");
  CHECK_FALSE(none.lowest);
  CHECK(none.consumers.empty());
  const auto each = decoded<std::vector<native::PendingEntry>>("*1 *4 $1-0 $alice :250 :3");
  CHECK(each[0].idle == 250ms);
  CHECK(each[0].deliveries == 3);
}

TEST_CASE("facts about a stream are taken by their names, and unknown ones passed") {
  const auto info = decoded<native::StreamInfo>(
      "%5 $length :2 $brand-new *1 :1 $last-generated-id $2-0 $first-entry *2 $1-0 *2 $f $v "
      "$last-entry _");
  CHECK(info.length == 2);
  CHECK(info.last_generated_id == "2-0");
  CHECK(info.first_entry->fields.size() == 1);
  CHECK_FALSE(info.last_entry);
  const auto groups =
      decoded<std::vector<native::GroupInfo>>("*1 *6 $name $g $pending :3 $lag *-1");
  CHECK(groups[0].name == "g");
  CHECK(groups[0].pending == 3);
  CHECK_FALSE(groups[0].lag);
  const auto consumers = decoded<std::vector<native::ConsumerInfo>>(
      "*2 *6 $name $a $idle :5 $inactive :7 *4 $name $b $inactive :-1");
  CHECK(consumers[0].inactive == 7ms);
  CHECK_FALSE(consumers[1].inactive);
}

TEST_CASE("times of the server are times") {
  using std::chrono::sys_seconds;
  CHECK(decoded<native::ServerTime>("*2 $1700000000 $250").at.time_since_epoch() ==
        1700000000s + 250us);
  const auto event = decoded<native::LatencyEvent>("*4 $command :1700000000 :3 :9");
  CHECK(event.at == sys_seconds(1700000000s));
  CHECK(event.highest == 9ms);
  const auto slow = decoded<std::vector<native::SlowCommand>>(
      "*1 *6 :7 :1700000000 :1234 *2 $GET $k $127.0.0.1:1 $worker");
  CHECK(slow[0].duration == 1234us);
  CHECK(slow[0].words == std::vector<std::string>{"GET", "k"});
  CHECK(slow[0].client_name == "worker");
  CHECK(decoded<std::chrono::milliseconds>(":5") == 5ms);
}

TEST_CASE("lists of what may be none, and of truths") {
  using Values = std::vector<std::optional<double>>;
  CHECK(decoded<Values>("*2 ,1.5 _") == Values{1.5, std::nullopt});
  CHECK(decoded<Values>("*2 $1.5 $-1") == Values{1.5, -1});
  CHECK(decoded<std::vector<bool>>("*2 :1 :0") == std::vector<bool>{true, false});
  CHECK(decoded<std::optional<std::vector<std::string>>>("*1 $a")->size() == 1);
  CHECK_FALSE(decoded<std::optional<std::vector<std::string>>>("*-1"));
  CHECK(decoded<std::unordered_map<std::string, std::int64_t>>("*2 $a :5").at("a") == 5);
  CHECK(decoded<std::unordered_map<std::string, std::int64_t>>("%1 $a :5").at("a") == 5);
}

}  // namespace
}  // namespace plimsoll::testing::decode_results_test
