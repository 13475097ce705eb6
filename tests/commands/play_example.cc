#include "plimsoll/tests/commands/play_example.h"

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/reply.h"
#include "plimsoll/tests/commands/decoded_text.h"
#include "plimsoll/tests/commands/reply_pattern.h"
#include "plimsoll/tests/commands/scene.h"
#include "plimsoll/tests/native/connected.h"

namespace plimsoll::testing {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Protocol;
using native::Reply;

using Outcome = std::future<native::Result<Reply>>;

// What others ask for at the same time: each must get the answer to its own question.
class Neighbours {
 public:
  explicit Neighbours(Client& client) : client_(client) {}

  void ask(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string question = "question " + std::to_string(answers_.size());
      answers_.push_back(client_.command<std::string>({"ECHO", question}, use_future));
    }
  }

  void check_answers() {
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      CHECK(value_of(std::move(answers_[i])) == "question " + std::to_string(i));
    }
    answers_.clear();
  }

 private:
  Client& client_;
  std::vector<std::future<native::Result<std::string>>> answers_;
};

// The server's own name for what it counts: "cmdstat_client|reply:calls=1,...".
std::string counted(std::string_view command) {
  std::string text = "cmdstat_" + std::string(command) + ":";
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// One example with the client that speaks one of the protocols.
class Play {
 public:
  Play(const Example& example, Protocol protocol)
      : example_(example), protocol_(protocol), scene_(example), client_(scene_.client(protocol)) {}

  /// Returns what decode() made of the reply, if there is one.
  std::string run() {
    const std::uint64_t lost_before = connections_lost();
    std::string value;
    switch (example_.conduct) {
      case Conduct::shares: value = share(); break;
      case Conduct::waits: value = wait(); break;
      case Conduct::alone: value = go_alone(); break;
      case Conduct::refused: be_refused(); break;
    }
    if (!loses_connection()) CHECK(connections_lost() == lost_before);
    scene_.play(example_.cleanup);
    return value;
  }

 private:
  // What is out of step ends a connection.
  std::uint64_t connections_lost() const {
    return client_.statistics().client.counters.connections_lost;
  }
  bool loses_connection() const { return example_.outcome.starts_with("lost"); }

  std::string share() {
    if (loses_connection()) return checked_outcome(send());  // neighbours' requests would be lost
    Neighbours neighbours(client_);
    neighbours.ask(2);
    Outcome call = send();
    neighbours.ask(2);
    std::string value = checked_outcome(std::move(call));
    neighbours.check_answers();
    return value;
  }

  // Nobody waits with it: while it does, others get their answers.
  std::string wait() {
    Neighbours neighbours(client_);
    neighbours.ask(2);
    Outcome call = send();
    neighbours.ask(2);
    if (!example_.then.empty()) {
      scene_.wait_for_blocked_client();
      neighbours.ask(2);
      neighbours.check_answers();
      CHECK(call.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
      scene_.play(example_.then);
    }
    std::string value = checked_outcome(std::move(call));
    neighbours.check_answers();
    return value;
  }

  std::string go_alone() {
    be_refused();
    native::Exclusive own = finish(client_.exclusive());
    return checked_outcome(own.command(scene_.filled_in(example_.call), use_future));
  }

  void be_refused() {
    scene_.ask({"CONFIG", "RESETSTAT"});
    Neighbours neighbours(client_);
    neighbours.ask(2);
    const native::Error error = error_of(send());
    neighbours.ask(2);
    CHECK(error.code() == ErrorCode::refused_command);
    CHECK(error.executed() == Executed::no);
    INFO("refusal: " << error.text());
    CHECK(error.text().find(example_.instead) != std::string_view::npos);
    neighbours.check_answers();
    const std::string executed = scene_.ask({"INFO", "commandstats"});
    CHECK(executed.find(counted(example_.command)) == std::string::npos);
  }

  Outcome send() { return client_.command(scene_.filled_in(example_.call), use_future); }

  std::string checked_outcome(Outcome call) {
    const native::Result<Reply> result = finish(std::move(call));
    if (result) {
      CHECK(expected_error().empty());
      CHECK(example_.outcome.empty());
      check_reply(result->value());
      return checked_value(result->value());
    }
    INFO("error: " << result.error().what());
    if (!example_.outcome.empty()) {
      CHECK(name(result.error().code()) == example_.outcome);
    } else {
      CHECK(!expected_error().empty());
      CHECK(matches(result.error().server_text(), expected_error()));
    }
    return {};
  }

  std::string_view expected_error() const {
    const bool is_other = protocol_ == Protocol::resp2 && !example_.resp2_error.empty();
    return is_other ? example_.resp2_error : example_.error;
  }

  void check_reply(const Value& reply) {
    const bool is_same = protocol_ == Protocol::resp3 || example_.type == "void";
    const std::string_view expected = is_same ? example_.reply : example_.resp2_reply;
    if (expected.empty()) return;  // in RESP2 what decode() makes of it says more
    const std::string text = shown(reply, example_.unordered ? Order::sorted : Order::kept);
    INFO("reply: " << text);
    INFO("expected: " << expected);
    CHECK(matches(text, expected));
  }

  // What the table's type makes of the reply.
  std::string checked_value(const Value& reply) {
    const DecodedText decode = decoder_of(example_.type);
    if (decode == nullptr) return {};
    std::string value = decode(reply);
    INFO("as " << example_.type << ": " << value);
    INFO("expected: " << example_.value);
    CHECK(!value.starts_with("not decoded"));
    CHECK(matches(value, example_.value));
    return value;
  }

  const Example& example_;
  const Protocol protocol_;
  Scene scene_;
  Client& client_;
};

}  // namespace

void play_example(const Example& example) {
  const std::string resp3_value = Play(example, Protocol::resp3).run();
  INFO("in RESP2");
  const std::string resp2_value = Play(example, Protocol::resp2).run();
  const bool has_one_value = example.reply.find("…") == std::string_view::npos;
  if (has_one_value && !example.unordered) CHECK(resp2_value == resp3_value);
}

}  // namespace plimsoll::testing
