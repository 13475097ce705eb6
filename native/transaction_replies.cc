#include "plimsoll/native/transaction_replies.h"

#include <charconv>
#include <utility>

namespace plimsoll::native {
namespace {

constexpr plimsoll::Error aborted{.code = ErrorCode::transaction_aborted,
                                  .what = "a key that was watched has changed",
                                  .expected = "committed() to be asked first"};
constexpr plimsoll::Error foreign{.code = ErrorCode::invalid_argument,
                                  .what = "the command was queued in another transaction"};

std::size_t read_number(std::string_view& text) {
  std::size_t number = 0;
  std::from_chars(text.data() + 1, text.data() + text.size(), number);
  text.remove_prefix(text.find('\n') + 1);
  return number;
}

// The name of a command among those that were encoded by ourselves; MULTI is the first.
std::string name_of(std::string_view encoded, std::size_t place) {
  while (!encoded.empty()) {
    const std::size_t words = read_number(encoded);
    for (std::size_t i = 0; i < words; ++i) {
      const std::size_t size = read_number(encoded);
      if (place == 0 && i == 0) return std::string(encoded.substr(0, size));
      encoded.remove_prefix(size + 2);
    }
    --place;
  }
  return {};
}

}  // namespace

Value TransactionReplies::value(std::uint64_t transaction, std::size_t index) const {
  if (transaction != commands_transaction_ || transaction == 0) throw Error(foreign);
  if (!committed_) throw Error(aborted);
  if (index >= replies_.size()) throw Error(foreign);
  return replies_[index];
}

Value TransactionReplies::checked(std::uint64_t transaction, std::size_t index) const {
  const Value reply = value(transaction, index);
  if (std::optional<Error> error = error_of(reply)) throw *std::move(error);
  return reply;
}

std::optional<Error> TransactionReplies::error_of(const Value& value) {
  const auto words = value.as_error();
  if (!words) return std::nullopt;
  return Error(ErrorCode::server_error, Executed::yes, to_string(*words));
}

// Where the server said no to a command, that is what the user should read.
std::optional<Error> TransactionReplies::refused_as() const {
  if (!refusal_) return std::nullopt;
  const Error& said = refusal_->error;
  if (refusal_->place == 0) {
    return Error(ErrorCode::server_error, Executed::maybe, ServerWords{said.server_text()},
                 " (to MULTI: the commands may have run one by one)");
  }
  const bool moved = said.code() == ErrorCode::cluster_redirect;
  return Error(moved ? said.code() : ErrorCode::transaction_aborted, Executed::no,
               ServerWords{said.server_text()},
               " (to command " + std::to_string(refusal_->place) + ", " +
                   name_of(commands_->encoded, refusal_->place) + ": none has run)");
}

void receive_part(const Delivery& delivery, TransactionReplies& replies) {
  if (replies.refusal_ || !replies.commands_) return;
  const std::size_t answers = replies.commands_->count + 2;
  replies.refusal_.emplace(TransactionReplies::Refusal{.place = answers - 1 - delivery.answers_owed,
                                                       .error = to_error(delivery)});
}

Result<void> receive(const Delivery& delivery, TransactionReplies& replies) {
  Result<void> outcome;
  const bool answered = delivery.value != nullptr;
  if (delivery.error != nullptr || delivery.failure != nullptr) {
    const std::optional<Error> refused = answered ? replies.refused_as() : std::nullopt;
    outcome = refused ? *refused : to_error(delivery);
  } else if (!answered) {
    replies.committed_ = true;  // there was nothing to do
  } else if (!delivery.value->is_null()) {
    auto kept = delivery.core->keep_reply();
    if (kept) {
      replies.reply_ = Reply(*std::move(kept));
      const auto elements = replies.reply_.value().as_elements();
      replies.committed_ = elements && elements->size() == replies.commands_->count;
      if (replies.committed_) {
        replies.replies_.reserve(elements->size());
        for (const Value& element : *elements) replies.replies_.push_back(element);
      }
    }
    if (!replies.committed_) {
      outcome = kept ? Error(ErrorCode::protocol_error, Executed::yes,
                             "the reply to EXEC is not a reply to each command")
                     : Error(kept.error());
    }
  }
  replies.commands_.reset();
  return outcome;
}

}  // namespace plimsoll::native
