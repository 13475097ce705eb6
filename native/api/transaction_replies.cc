#include "plimsoll/transaction_replies.h"

#include <memory>
#include <string>
#include <utility>

namespace plimsoll::inline v0::native {
namespace {

constexpr plimsoll::Error aborted{.code = ErrorCode::transaction_aborted,
                                  .what = "a key that was watched has changed",
                                  .expected = "committed() to be asked first"};
constexpr plimsoll::Error foreign{.code = ErrorCode::invalid_argument,
                                  .what = "the command was queued in another transaction"};

constexpr plimsoll::Error no_reply_to_each{
    .code = ErrorCode::protocol_error,
    .executed = Executed::yes,
    .what = "the reply to EXEC is not a reply to each command"};
constexpr plimsoll::Error no_room_for_places{
    .code = ErrorCode::reply_too_large,
    .executed = Executed::yes,
    .what = "the replies pool has no room for where each reply is"};

}  // namespace

Value TransactionReplies::value(std::uint64_t transaction, std::size_t index) const {
  if (transaction != commands_transaction_ || transaction == 0) throw Error(foreign);
  if (!committed_) throw Error(aborted);
  if (index >= size()) throw Error(foreign);
  return replies()[index].value;
}

Value TransactionReplies::checked(std::uint64_t transaction, std::size_t index) const {
  const Value reply = value(transaction, index);
  if (std::optional<Error> error = error_of(transaction, index)) throw *std::move(error);
  return reply;
}

std::optional<Error> TransactionReplies::error_of(std::uint64_t transaction,
                                                  std::size_t index) const {
  const auto words = value(transaction, index).as_error();
  if (!words) return std::nullopt;
  return Error(error_of_reply(*words, replies()[index].speaker), ServerWords{to_string(*words)});
}

// If the server refused a command, the user should read its words to that command, not the
// EXECABORT that follows.
std::optional<Error> TransactionReplies::refused_as() const {
  if (!refusal_) return std::nullopt;
  const Error& said = refusal_->error;
  const bool by_bridge = said.code() == ErrorCode::refused_by_bridge;
  if (refusal_->place == 0) {
    return Error(by_bridge ? said.code() : ErrorCode::server_error, Executed::maybe,
                 ServerWords{said.server_text()},
                 " (to MULTI: the commands may have run one by one)");
  }
  // What a caller does about these is another thing than about a command that is wrong.
  const bool says_more = by_bridge || said.code() == ErrorCode::cluster_redirect ||
                         said.code() == ErrorCode::cluster_down;
  return Error(says_more ? said.code() : ErrorCode::transaction_aborted, Executed::no,
               ServerWords{said.server_text()},
               " (to command " + std::to_string(refusal_->place) + ", " +
                   std::string(commands_->name_of(refusal_->place)) + ": none has run)");
}

// Only error replies need to know who may have written them, so the commands' names are looked up
// only if there are errors, in one walk.
Result<void> TransactionReplies::keep(const Delivery& delivery) {
  auto kept = delivery.core->keep_reply();
  if (!kept) return Error(kept.error());
  reply_ = Reply(*std::move(kept));
  const auto elements = reply_.value().as_elements();
  const std::size_t count = commands_->count();
  if (!elements || elements->size() != count) return Error(no_reply_to_each);
  places_ = Block::allocate(delivery.core->replies_account(), count * sizeof(Place));
  if (!places_) return Error(no_room_for_places);
  auto* const places = static_cast<Place*>(places_.data());
  auto* place = places;
  bool has_errors = false;
  for (const Value& element : *elements) {
    has_errors = has_errors || element.is_error();
    std::construct_at(place++, Place{.value = element, .speaker = Speaker::server});
  }
  if (has_errors) {
    place = places;
    commands_->for_each_name([&place](std::string_view name) {
      if (place->value.is_error()) place->speaker = speaker_for(name);
      ++place;
    });
  }
  committed_ = true;
  return {};
}

void receive_part(const Delivery& delivery, TransactionReplies& replies) {
  if (replies.refusal_ || !replies.commands_) return;
  const std::size_t answers = replies.commands_->count() + 2;
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
    replies.committed_ = true;  // an empty transaction: nothing was sent
  } else if (!delivery.value->is_null()) {
    outcome = replies.keep(delivery);
  }
  replies.commands_.reset();
  return outcome;
}

}  // namespace plimsoll::inline v0::native
