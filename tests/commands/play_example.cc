#include "plimsoll/tests/commands/play_example.h"

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/client.h"
#include "plimsoll/native/reply.h"
#include "plimsoll/tests/commands/decoded_text.h"
#include "plimsoll/tests/commands/reply_pattern.h"
#include "plimsoll/tests/commands/scene.h"
#include "plimsoll/tests/native/connected.h"

namespace plimsoll::testing {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Reply;

using Outcome = std::future<native::Result<Reply>>;

Outcome send(Client& client, const std::vector<std::string>& words) {
  return client.command(words, use_future);
}

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

// What the table's type makes of the reply, checked against the example.
std::string checked_value(const Value& reply, const Example& example) {
  const DecodedText decode = decoder_of(example.type);
  if (decode == nullptr) return {};
  std::string value = decode(reply);
  INFO("as " << example.type << ": " << value);
  INFO("expected: " << example.value);
  CHECK(!value.starts_with("not decoded"));
  CHECK(matches(value, example.value));
  return value;
}

std::string checked_reply(const Value& reply, const Example& example) {
  const std::string text = shown(reply, example.unordered ? Order::sorted : Order::kept);
  INFO("reply: " << text);
  INFO("expected: " << example.reply);
  CHECK(matches(text, example.reply));
  return checked_value(reply, example);
}

// Returns what decode() made of the reply, if there is one.
std::string checked_outcome(Outcome call, const Example& example) {
  const native::Result<Reply> result = finish(std::move(call));
  if (result) {
    CHECK(example.error == "");
    CHECK(example.outcome == "");
    return checked_reply(result->value(), example);
  }
  INFO("error: " << result.error().what());
  if (!example.outcome.empty()) {
    CHECK(name(result.error().code()) == example.outcome);
  } else {
    CHECK(!example.error.empty());
    CHECK(matches(result.error().server_text(), example.error));
  }
  return {};
}

std::string share(Scene& scene, const Example& example) {
  const auto words = scene.filled_in(example.call);
  if (example.outcome.starts_with("lost")) {  // and everybody else's with it
    return checked_outcome(send(scene.client(), words), example);
  }
  Neighbours neighbours(scene.client());
  neighbours.ask(2);
  Outcome call = send(scene.client(), words);
  neighbours.ask(2);
  std::string value = checked_outcome(std::move(call), example);
  neighbours.check_answers();
  return value;
}

// Nobody waits with it: while it does, others get their answers.
std::string wait(Scene& scene, const Example& example) {
  Neighbours neighbours(scene.client());
  neighbours.ask(2);
  Outcome call = send(scene.client(), scene.filled_in(example.call));
  neighbours.ask(2);
  if (!example.then.empty()) {
    scene.wait_for_blocked_client();
    neighbours.ask(2);
    neighbours.check_answers();
    CHECK(call.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
    scene.play(example.then);
  }
  std::string value = checked_outcome(std::move(call), example);
  neighbours.check_answers();
  return value;
}

// The server's own name for what it counts: "cmdstat_client|reply:calls=1,...".
std::string counted(std::string_view command) {
  std::string text = "cmdstat_" + std::string(command) + ":";
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void be_refused(Scene& scene, const Example& example) {
  scene.ask({"CONFIG", "RESETSTAT"});
  Neighbours neighbours(scene.client());
  neighbours.ask(2);
  const native::Error error = error_of(send(scene.client(), scene.filled_in(example.call)));
  neighbours.ask(2);
  CHECK(error.code() == ErrorCode::refused_command);
  CHECK(error.executed() == Executed::no);
  INFO("refusal: " << error.text());
  CHECK(error.text().find(example.instead) != std::string_view::npos);
  neighbours.check_answers();
  CHECK(scene.ask({"INFO", "commandstats"}).find(counted(example.command)) == std::string::npos);
}

// The same call on a connection that speaks RESP2: the table's type reads that too.
void play_in_resp2(const Example& example, const std::string& resp3_value) {
  Scene scene(example);
  RawConnection connection(scene.socket_path());
  connection.send(scene.filled_in(example.call));
  if (!example.then.empty()) scene.wait_for_blocked_client();
  scene.play(example.then);
  const Value reply = connection.receive();
  const std::string text = shown(reply);
  INFO("RESP2 reply: " << text);
  if (reply.is_error()) {
    const std::string words = native::to_string(*reply.as_error());
    CHECK(matches(words, example.resp2_error.empty() ? example.error : example.resp2_error));
  } else {
    if (!example.resp2_reply.empty()) CHECK(matches(text, example.resp2_reply));
    const std::string value = checked_value(reply, example);
    const bool one_value = example.reply.find("…") == std::string_view::npos;
    if (one_value && !example.unordered) CHECK(value == resp3_value);
  }
  scene.play(example.cleanup);
}

// Returns what decode() made of the reply, if there is one.
std::string play_with_client(const Example& example) {
  Scene scene(example);
  std::string value;
  switch (example.conduct) {
    case Conduct::shares: value = share(scene, example); break;
    case Conduct::waits: value = wait(scene, example); break;
    case Conduct::refused: be_refused(scene, example); break;
  }
  scene.play(example.cleanup);
  return value;
}

}  // namespace

void play_example(const Example& example) {
  const std::string value = play_with_client(example);
  const bool has_reply = !example.reply.empty() || !example.error.empty();
  if (has_reply) play_in_resp2(example, value);
}

}  // namespace plimsoll::testing
