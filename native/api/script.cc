#include "plimsoll/script.h"

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "plimsoll/core/commands/parts.h"
#include "plimsoll/encoded.h"
#include "plimsoll/native/base/sha1.h"
#include "plimsoll/native/driver/steps.h"

namespace plimsoll::inline v0::native {
namespace {

// Compares the server's whole sentence: a script may raise an error that begins with NOSCRIPT, and
// must not run twice because of that.
bool says_no_script(const Delivery& delivery) {
  if (delivery.error == nullptr || delivery.value == nullptr) return false;
  const auto words = delivery.value->as_error();
  return words && words->starts_with("NOSCRIPT No matching script");
}

// The driver owns this operation, so the operation must not own the driver. It drops the channel's
// references, and keeps only a weak one to the held connection.
class ScriptSteps final : public Steps {
 public:
  ScriptSteps(const detail::ScriptRun& run, Operation& outer)
      : Steps(*run.channel.driver, outer), run_(run), has_held_(run.channel.held != nullptr) {
    held_ = std::exchange(run_.channel.held, nullptr);
    run_.channel.driver = nullptr;
  }

 private:
  ~ScriptSteps() override = default;

  Next handle_outcome(const Delivery& delivery) override {
    if (!sent_text_ && says_no_script(delivery)) return Next::another_request;
    finish(delivery);
    return Next::over;
  }

  void go_on() override {
    sent_text_ = true;
    Channel channel = run_.channel;
    channel.driver = driver().shared();
    channel.held = held_.lock();
    if (has_held_ && !channel.held) return driver().refuse(given_back, *this);
    submit_text(channel);
  }

  // Submits EVAL with the operands of EVALSHA, without a copy of them.
  void submit_text(const Channel& channel) {
    const bool readonly = run_.effect == CommandView::Effect::read;
    const std::array<std::string_view, 2> words{readonly ? "EVAL_RO" : "EVAL", *run_.text};
    const std::string_view operands = run_.request.bytes().substr(run_.operands_at);
    if (channel.driver->has_prefixes()) return submit_words(channel, words, operands);
    const ArgumentList encoded{.items = &operands,
                               .walk =
                                   [](const ArgumentList& list, const ArgumentSink& sink) {
                                     sink(*static_cast<const std::string_view*>(list.items));
                                   },
                               .is_encoded = true};
    const std::string count = "*" + std::to_string(run_.parts) + "\r\n";
    CommandView command = CommandView::from_encoded(count);
    command.args = words;
    command.lists = {&encoded, 1};
    command.effect = run_.effect;
    command.answer = CommandView::Answer::script_words;
    channel.submit(command, *this);
  }

  // The same as words: which of them are keys cannot be seen in a row of encoded ones.
  void submit_words(const Channel& channel, std::span<const std::string_view> first,
                    std::string_view operands) {
    std::vector<std::string_view> words(first.begin(), first.end());
    for (std::string_view word; commands::take_bulk(operands, word);) words.push_back(word);
    CommandView command;
    command.args = words;
    command.effect = run_.effect;
    command.answer = CommandView::Answer::script_words;
    channel.submit(command, *this);
  }

  static constexpr plimsoll::Error given_back{
      .code = ErrorCode::closed,
      .what = "the connection was given back before the script's text could be sent"};

  detail::ScriptRun run_;
  const bool has_held_;
  std::weak_ptr<HeldConnection> held_;
  bool sent_text_ = false;
};

void refuse(const Channel& channel, const HeldRequest& request, Operation& operation) {
  const Account& requests = channel.driver->requests_account();
  channel.driver->refuse(no_room_to_hold(request.size(), requests), operation);
}

}  // namespace

namespace detail {

void ScriptRun::operator()(Operation& operation) const {
  if (!request) return refuse(channel, request, operation);
  CommandView command = CommandView::from_encoded(request.bytes());
  command.effect = effect;
  command.answer = CommandView::Answer::script_words;
  channel.submit(command, *new ScriptSteps(*this, operation));
}

void EncodedCall::operator()(Operation& operation) const {
  if (!request) return refuse(channel, request, operation);
  CommandView command = CommandView::from_encoded(request.bytes());
  command.effect = effect;
  command.answer = CommandView::Answer::script_words;
  channel.submit(command, operation);
}

}  // namespace detail

Script::Script(std::string text)
    : text_(std::make_shared<const std::string>(std::move(text))), sha1_(sha1_hex(*text_)) {}

std::string Script::number_of(const Words& keys) {
  return std::to_string(std::span<const std::string_view>(keys).size());
}

std::vector<std::string_view> Script::words(std::string_view command, std::string_view what,
                                            std::string_view count, const Words& keys,
                                            const Words& arguments) {
  const std::span<const std::string_view> key_row = keys;
  const std::span<const std::string_view> argument_row = arguments;
  std::vector<std::string_view> words{command, what, count};
  words.insert(words.end(), key_row.begin(), key_row.end());
  words.insert(words.end(), argument_row.begin(), argument_row.end());
  return words;
}

detail::ScriptRun Script::begin(const Channel& where, Kind kind, const Words& keys,
                                const Words& arguments) const {
  const bool readonly = kind == Kind::readonly;
  const std::string count = number_of(keys);
  const auto all = words(readonly ? "EVALSHA_RO" : "EVALSHA", sha1_, count, keys, arguments);
  const std::string head = encoded(std::span(all).first(2));
  const std::size_t head_size = head.size() - head.find('$');
  const std::size_t count_size = 1 + encoding::digits_of(all.size()) + 2;
  return {.channel = where,
          .text = text_,
          .request = HeldRequest(where.driver->requests_account(), all),
          .parts = all.size(),
          .operands_at = count_size + head_size,
          .effect = readonly ? CommandView::Effect::read : CommandView::Effect::unknown};
}

detail::EncodedCall Function::begin(const Channel& where, std::string_view command,
                                    CommandView::Effect effect, const Words& keys,
                                    const Words& arguments) const {
  const std::string count = Script::number_of(keys);
  const auto all = Script::words(command, name_, count, keys, arguments);
  return {.channel = where,
          .request = HeldRequest(where.driver->requests_account(), all),
          .effect = effect};
}

}  // namespace plimsoll::inline v0::native
