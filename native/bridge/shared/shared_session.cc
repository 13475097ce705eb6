// More than 500 lines, because a session is one state machine of what a connection may do.

#include "plimsoll/native/bridge/shared/shared_session.h"

#include <algorithm>
#include <utility>

#include <boost/asio/append.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/native/bridge/gate/command_ways.h"
#include "plimsoll/native/bridge/gate/request_words.h"
#include "plimsoll/native/bridge/replies/refusal_words.h"
#include "plimsoll/native/bridge/shared/error_line.h"
#include "plimsoll/native/bridge/shared/local_answers.h"
#include "plimsoll/native/bridge/shared/special_commands.h"
#include "plimsoll/native/driver/held_words.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
namespace row_numbers = commands::row_numbers;

constexpr std::string_view ok = "+OK\r\n";

// Whether the connection was lost before the server could see the request.
bool was_never_sent(const native::Error& error) {
  return error.code() == ErrorCode::connection_lost || error.code() == ErrorCode::lost_unsent;
}

// Whether a server takes the command of a subscriber in RESP2 as it does of others.
bool is_for_subscriber(const commands::Row* row) {
  if (row == nullptr) return false;
  switch (commands::number_of(*row)) {
    case row_numbers::quit:
    case row_numbers::subscribe:
    case row_numbers::psubscribe:
    case row_numbers::ssubscribe:
    case row_numbers::unsubscribe:
    case row_numbers::punsubscribe:
    case row_numbers::sunsubscribe: return true;
    default: return false;
  }
}

// As servers want names of connections.
bool is_printable(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c >= '!' && c <= '~'; });
}

// Of a token that others leave names of channels for.
constexpr std::size_t few_names = KeptLimits().subscriptions_max;

constexpr std::string_view no_blocking_place =
    "-UNSENT plimsoll-bridge: this token has its share of the connections for commands that "
    "block\r\n";
constexpr std::string_view no_place_for_names =
    "-UNSENT plimsoll-bridge: few names of channels are left, and this token has many\r\n";

}  // namespace

SharedSession::SharedSession(SharedClients& clients, const SharedServer& server,
                             const Profile& profile, std::string_view token,
                             native::Staleness max_staleness)
    : clients_(clients),
      server_(server),
      profile_(profile),
      token_(token),
      max_staleness_(max_staleness),
      counters_(clients.counters(server)),
      id_(clients.next_id()),
      replies_(clients.account()),
      names_(clients.account()),
      kept_(clients.tracking(server), *this, clients.account()) {
  ++counters_.sessions;
  clients_.unread().add(*this);
}

SharedSession::~SharedSession() {
  --counters_.sessions;
  clients_.unread().remove(*this, held_counted_);
}

// ---- Bytes in

std::size_t SharedSession::write_now(std::string_view bytes, Problem& problem) {
  std::string_view rest = bytes;
  problem = {};
  while (!rest.empty()) {
    if (is_closed_ || has_ended_) {
      problem = asio::error::connection_reset;
      break;
    }
    std::string_view behind = rest;
    RequestWords words;
    if (!words.take(behind, clients_.account())) {
      end("no memory for a request", Cause::no_memory);
      continue;
    }
    if (is_alone_ || !take(words.view())) {
      problem = asio::error::would_block;
      break;
    }
    rest = behind;
  }
  // What comes from now on has a right to an attempt of its own.
  if (rest.empty()) has_no_connection_ = false;
  return bytes.size() - rest.size();
}

void SharedSession::write(std::string_view bytes, ReadHandler handler) {
  writer_ = std::move(handler);
  writer_bytes_ = bytes;
  wake_writer();
}

void SharedSession::wake_writer() {
  if (!writer_ || is_writer_woken_) return;
  is_writer_woken_ = true;
  asio::post(get_executor(), [self = shared_from_this()] { self->serve_writer(); });
}

void SharedSession::serve_writer() {
  is_writer_woken_ = false;
  if (!writer_) return;
  Problem problem;
  const std::size_t size = write_now(writer_bytes_, problem);
  if (size == 0 && problem == asio::error::would_block) return;
  if (size > 0) problem = {};
  std::exchange(writer_, nullptr)(problem, size);
}

// ---- Bytes out

std::size_t SharedSession::read_now(std::span<char> space, Problem& problem) {
  problem = {};
  const std::size_t size = replies_.take(space);
  if (size > 0) held_since_ = std::chrono::steady_clock::now();
  count_held();
  if (size > 0 || space.empty()) return size;
  problem = has_ended_ || is_closed_ ? Problem(asio::error::eof) : asio::error::would_block;
  return 0;
}

void SharedSession::read(std::span<char> space, ReadHandler handler) {
  reader_ = std::move(handler);
  reader_space_ = space;
  if (replies_.ready_bytes() > 0 || has_ended_ || is_closed_) wake_reader();
}

void SharedSession::wait_for_bytes(WaitHandler handler) {
  waiter_ = std::move(handler);
  if (replies_.ready_bytes() > 0 || has_ended_ || is_closed_) wake_reader();
}

// Posted, so that replies that come in one turn leave together.
void SharedSession::wake_reader() {
  if ((!reader_ && !waiter_) || is_reader_woken_) return;
  is_reader_woken_ = true;
  asio::post(get_executor(), [self = shared_from_this()] { self->serve_reader(); });
}

void SharedSession::serve_reader() {
  is_reader_woken_ = false;
  const bool is_over = has_ended_ || is_closed_;
  if (replies_.ready_bytes() == 0 && !is_over) return;
  if (waiter_) return std::exchange(waiter_, nullptr)(Problem());
  if (!reader_) return;
  Problem problem;
  const std::size_t size = read_now(reader_space_, problem);
  std::exchange(reader_, nullptr)(problem, size);
}

// ---- Commands

// Returns false if the command has to wait.
bool SharedSession::take(Words words) {
  const Row* const row = words[0].starts_with(refusal_mark) ? nullptr : commands::find(words);
  is_refused_ = false;
  if (!take_any(row, words)) {
    if (!is_refused_) return false;
    // The client does not know which version of RESP it speaks.
    if (row != nullptr && commands::number_of(*row) == row_numbers::hello) {
      end("no connection to the server for another version of RESP");
      return false;
    }
    answer(error_line(native::Error(ErrorCode::lost_unsent, Executed::no, "no connection")));
  }
  const bool is_of_client = row != nullptr && row->name_view().starts_with("CLIENT|");
  if (!multi_ && !is_of_client) kept_.handle_command();
  return true;
}

bool SharedSession::take_any(const Row* row, Words words) {
  if (words.size() == 1 && words[0].starts_with(refusal_mark)) {
    if (multi_) multi_->abort();
    answer(unknown_command(words[0]));
    return true;
  }
  if (!is_resp3_ && names_.count() > 0 && !is_for_subscriber(row)) {
    return take_in_subscription(row, words);
  }
  if (row != nullptr && !has_right_arity(*row, words.size())) {
    if (multi_) multi_->abort();
    answer(wrong_arity(*row));
    return true;
  }
  if (multi_) return take_in_multi(row, words);
  if (row == nullptr) return send(row, words);
  if (kept_.is_on() && commands::number_of(*row) == row_numbers::ping) return take_ping(words);
  return is_special(*row) ? take_special(*row, words) : send(row, words);
}

bool SharedSession::take_special(const Row& row, Words words) {
  switch (commands::number_of(row)) {
    case row_numbers::hello: return take_hello(words);
    case row_numbers::quit:
      forget_client();
      answer(ok);
      return true;
    case row_numbers::select:
      answer(words[1] == "0" ? std::string(ok)
                             : not_possible("SELECT", "all clients share database 0"));
      return true;
    case row_numbers::multi:
      if (!has_client()) return false;
      multi_ = std::make_unique<Multi>();
      multi_->commands = watching_ ? watching_->transaction() : client_->client().transaction();
      answer(ok);
      return true;
    case row_numbers::exec: answer("-ERR EXEC without MULTI\r\n"); return true;
    case row_numbers::discard: answer("-ERR DISCARD without MULTI\r\n"); return true;
    case row_numbers::watch: return take_watch(words);
    case row_numbers::unwatch:
      unwatch();
      answer(ok);
      return true;
    case row_numbers::subscribe: return subscribe(ChannelKind::channel, words.subspan(1));
    case row_numbers::psubscribe: return subscribe(ChannelKind::pattern, words.subspan(1));
    case row_numbers::ssubscribe: return subscribe(ChannelKind::shard, words.subspan(1));
    case row_numbers::unsubscribe: unsubscribe(ChannelKind::channel, words.subspan(1)); return true;
    case row_numbers::punsubscribe:
      unsubscribe(ChannelKind::pattern, words.subspan(1));
      return true;
    case row_numbers::sunsubscribe: unsubscribe(ChannelKind::shard, words.subspan(1)); return true;
    case row_numbers::client_tracking: return take_tracking(words);
    default: take_client_command(row, words); return true;
  }
}

// HELLO. Of its options, the gate lets only a version and SETNAME pass.
bool SharedSession::take_hello(Words words) {
  const bool wants_resp3 = words.size() > 1 ? words[1] == "3" : is_resp3_;
  if (wants_resp3 != is_resp3_) {
    if (!is_idle()) return false;
    if (names_.count() > 0 || watching_ || is_watch_lost_) {
      answer(not_possible("HELLO with another version",
                          names_.count() > 0 ? "channels are subscribed" : "keys are watched"));
      return true;
    }
    kept_.end();
    client_.reset();
    is_resp3_ = wants_resp3;
  }
  if (!has_client()) return false;
  if (words.size() > 3) {
    if (!set_name(words[3])) return true;
  }
  answer(hello_reply(client_->server(), is_resp3_, id_, kept_.are_possible()));
  return true;
}

// Gives the connection a name. Answers and returns false if it is none.
bool SharedSession::set_name(std::string_view name) {
  if (!is_printable(name)) {
    answer("-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
    return false;
  }
  name_ = name;
  return true;
}

void SharedSession::take_client_command(const Row& row, Words words) {
  switch (commands::number_of(row)) {
    case row_numbers::client_id: return answer(":" + std::to_string(id_) + "\r\n");
    case row_numbers::client_getname: return answer(name_.empty() ? null(is_resp3_) : bulk(name_));
    case row_numbers::client_setinfo: return answer(ok);
    case row_numbers::client_setname:
      if (set_name(words[2])) answer(ok);
      return;
    case row_numbers::client_info:
      return answer(bulk("id=" + std::to_string(id_) + " name=" + name_ +
                         " resp=" + (is_resp3_ ? "3" : "2") + "\n"));
    case row_numbers::client_caching: return answer(kept_.set_caching(words));
    case row_numbers::client_trackinginfo: return answer(kept_.info(is_resp3_));
    default: return answer(not_possible(row.name_view()));
  }
}

// ---- Tracking

bool SharedSession::take_tracking(Words words) {
  if (!has_client()) return false;
  if (is_option(words[2], "RESUME")) return take_resume(words);
  answer(kept_.set(words, is_resp3_, *client_));
  return true;
}

// CLIENT TRACKING RESUME. Its answer is a proof, as that to PING is.
bool SharedSession::take_resume(Words words) {
  if (!is_idle()) return false;
  if (const std::string_view problem = kept_.problem_of_resume(words); !problem.empty()) {
    answer(problem);
    return true;
  }
  Place* const place = expect();
  if (place == nullptr) return true;
  is_alone_ = true;
  ++counters_.answered_locally;
  kept_.prove([self = shared_from_this(), place,
               copies = std::vector<std::string>(words.begin(), words.end())] {
    if (self->is_closed_ || self->has_ended_) return;
    self->kept_.resume(copies, self->profile_, self->replies_, [self, place](const auto& answer) {
      self->finish(*place, WireReply::of(answer, self->clients_.account()), true);
    });
  });
  return true;
}

// Its answer proves that the client has heard of all that happened before, at all servers.
bool SharedSession::take_ping(Words words) {
  Place* const place = expect();
  if (place == nullptr) return true;
  const auto pong = std::make_shared<WireReply>(
      WireReply::of(words.size() > 1 ? bulk(words[1]) : "+PONG\r\n", clients_.account()));
  is_alone_ = true;
  ++counters_.answered_locally;
  kept_.prove_for_ping(
      [self = shared_from_this(), place, pong] { self->finish(*place, std::move(*pong), true); });
  return true;
}

bool SharedSession::handle_invalidation(const PushBytes& push) {
  if (is_closed_ || has_ended_) return false;
  if (push == nullptr) {
    end("no memory for an invalidation", Cause::no_memory);
  } else if (takes_messages(push)) {
    if (!replies_.add_behind_all_come(push)) end("no memory for an invalidation", Cause::no_memory);
  }
  if (has_ended_) return false;
  count_held();
  wake_reader();
  return true;
}

// Nothing iterates over listeners at this time, so that the session may leave.
void SharedSession::handle_taken_over() {
  end("its client has come back elsewhere", Cause::taken_over);
  close();
}

// A command that a server does not take, or answers otherwise, of a subscriber in RESP2.
bool SharedSession::take_in_subscription(const Row* row, Words words) {
  if (row == nullptr) {
    answer(unknown_command(words[0]));
  } else if (commands::number_of(*row) == row_numbers::ping) {
    answer(subscribed_pong(words.size() > 1 ? words[1] : ""));
  } else {
    answer("-ERR Can't execute '" + lower_name(*row) +
           "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
           "context\r\n");
  }
  return true;
}

// Sends any other command.
bool SharedSession::send(const Row* row, Words words) {
  if (!has_client()) return false;
  const plimsoll::Result<CommandView> command = commands::prepare(words);
  if (!command) {
    refuse(row, command.error());
    return true;
  }
  const bool blocks =
      row != nullptr && commands::class_of(*row, words) == commands::Class::blocking;
  if (blocks && !is_idle()) return false;
  if (blocks && !takes_blocking()) {
    answer(no_blocking_place);
    return true;
  }
  native::HeldWords read;
  const bool is_tracked = kept_.wants(row);
  if (is_tracked) {
    Account& requests = client_->requests_account();
    read = native::HeldWords(requests, words);
    if (!read) {
      answer(error_line(native::Error(native::no_room_to_hold(read.size(), requests))));
      return true;
    }
  }
  Place* const place = expect();
  if (place == nullptr) return true;
  if (is_tracked) {
    start(*command, blocks,
          [self = shared_from_this(), place, blocks, read](native::Result<WireReply> reply) {
            self->finish_read(*place, std::move(reply), read.words(), blocks);
          });
  } else {
    start(*command, blocks,
          [self = shared_from_this(), place, blocks](native::Result<WireReply> reply) {
            self->finish(*place, std::move(reply), blocks);
          });
  }
  return true;
}

template <class Handler>
void SharedSession::start(const CommandView& command, bool blocks, Handler handler) {
  if (!blocks) return client_->send(command, max_staleness_, std::move(handler));
  is_alone_ = true;
  blocked_ = std::make_unique<asio::cancellation_signal>();
  client_->send(command, max_staleness_,
                asio::bind_cancellation_slot(
                    blocked_->slot(),
                    [handler = std::move(handler), place = client_->blocking().hold(token_, 1)](
                        native::Result<WireReply> reply) { handler(std::move(reply)); }));
}

// Whether this token may have one more of the connections for commands that block.
bool SharedSession::takes_blocking() {
  return client_->blocking().of(token_) <
         TokenCounts::share_of(server_.options.blocking_connections_max);
}

// ---- Transactions

bool SharedSession::take_in_multi(const Row* row, Words words) {
  const std::uint16_t number = row != nullptr ? commands::number_of(*row) : 0;
  switch (number) {
    case row_numbers::exec: return take_exec();
    case row_numbers::discard:
      multi_.reset();
      unwatch();
      answer(ok);
      return true;
    case row_numbers::multi:
    case row_numbers::watch:
      multi_->abort();
      answer("-ERR Command not allowed inside a transaction\r\n");
      return true;
    case row_numbers::quit: answer(ok); return true;
    default: break;
  }
  if (row != nullptr && is_special(*row)) {
    multi_->abort();
    answer(not_possible(row->name_view(), "it stands within MULTI"));
    return true;
  }
  const plimsoll::Result<CommandView> command = commands::prepare(words);
  // A command with a time to wait has a row.
  if (command && command->block_time == Duration::zero()) {
    if (!multi_->is_aborted) multi_->commands.command(native::Words(words));
    if (kept_.wants(row)) multi_->is_tracked = true;
    answer("+QUEUED\r\n");
    return true;
  }
  multi_->abort();
  if (command) {
    answer(not_possible(row->name_view(), "it may wait, and stands within MULTI"));
  } else {
    refuse(row, command.error());
  }
  return true;
}

bool SharedSession::take_exec() {
  if (multi_->is_aborted || is_watch_lost_) {
    answer(
        multi_->is_aborted
            ? std::string_view("-EXECABORT Transaction discarded because of previous errors.\r\n")
            : null_array(is_resp3_));
    multi_.reset();
    unwatch();
    return true;
  }
  const bool is_watching = watching_ != nullptr;
  if (is_watching && !is_idle()) return false;
  Place* const place = expect();
  if (place == nullptr) return true;
  is_alone_ = is_watching;
  const bool is_tracked = multi_->is_tracked;
  const std::unique_ptr<Multi> multi = std::move(multi_);
  ++counters_.requests;
  multi->commands.exec([self = shared_from_this(), place, is_watching,
                        is_tracked](const native::Result<native::TransactionReplies>& replies) {
    if (self->is_closed_) return;
    if (is_watching) self->unwatch();
    // The cache keeps nothing of what a transaction reads.
    if (is_tracked && replies)
      self->add_behind(*place, EncodedPush::invalidation_of_all(self->clients_.account()));
    if (replies) {
      self->finish(*place, WireReply::of(*replies, self->is_resp3_, self->clients_.account()),
                   is_watching);
    } else if (is_watching && was_never_sent(replies.error())) {
      // What was watched went with the connection, and may have changed.
      self->finish(*place, WireReply::of(null_array(self->is_resp3_), self->clients_.account()),
                   true);
    } else {
      self->finish(*place, replies.error(), is_watching, exec_error_line);
    }
  });
  return true;
}

bool SharedSession::take_watch(Words words) {
  if (!is_idle() || !has_client()) return false;
  if (!watching_ && !takes_blocking()) {
    is_watch_lost_ = true;
    answer(no_blocking_place);
    return true;
  }
  Place* const place = expect();
  if (place == nullptr) return true;
  is_alone_ = true;
  if (watching_) {
    watch(*place, words.subspan(1));
    return true;
  }
  watching_place_ = client_->blocking().hold(token_, 1);
  Account& requests = client_->requests_account();
  native::HeldWords keys(requests, words.subspan(1));
  if (!keys) {
    fail_watch(*place, native::Error(native::no_room_to_hold(keys.size(), requests)));
    return true;
  }
  client_->client().exclusive([self = shared_from_this(), place,
                               keys = std::move(keys)](native::Result<native::Exclusive> opened) {
    if (self->is_closed_) return;
    if (!opened) return self->fail_watch(*place, opened.error());
    self->watching_ = std::make_unique<native::Exclusive>(*std::move(opened));
    self->watch(*place, keys.words());
  });
  return true;
}

void SharedSession::watch(Place& place, Words keys) {
  watching_->watch(native::Words(keys),
                   [self = shared_from_this(), &place](const native::Result<void>& watched) {
                     if (self->is_closed_) return;
                     if (!watched) return self->fail_watch(place, watched.error());
                     self->finish(place, WireReply::of(ok, self->clients_.account()), true);
                   });
}

// What was watched before is lost, too, with the connection. A server cannot fail so, and no client
// expects it: the next EXEC says that a key has changed, since one may have.
void SharedSession::fail_watch(Place& place, const native::Error& error) {
  unwatch();
  is_watch_lost_ = true;
  finish(place, error, true);
}

void SharedSession::unwatch() {
  watching_.reset();
  watching_place_ = {};
  is_watch_lost_ = false;
}

// ---- Channels

bool SharedSession::subscribe(ChannelKind kind, Words names) {
  if (!is_idle() || !has_client()) return false;
  if (!takes_names(names.size())) {
    answer(no_place_for_names);
    return true;
  }
  if (!names_.pay(names, client_->names(), token_)) {
    answer(error_line(native::Error(ErrorCode::out_of_memory, Executed::no, "no room for names")));
    return true;
  }
  Place* const place = expect();
  if (place == nullptr) return true;
  is_alone_ = true;
  client_->hub().add(
      *this, kind, names,
      [self = shared_from_this(), place, kind,
       copies = std::vector<std::string>(names.begin(), names.end())](
          const std::optional<native::Error>& problem) {
        if (self->is_closed_) return;
        if (problem) {
          self->names_.give_back(copies);
          return self->finish(*place, *problem, true);
        }
        const std::string confirmations = self->names_.add(kind, copies, self->is_resp3_);
        self->finish(*place, WireReply::of(confirmations, self->clients_.account()), true);
      });
  return true;
}

// While few names are left in the hub, a token that has many gets no more of them.
bool SharedSession::takes_names(std::size_t count) {
  const bool are_few_left =
      client_->hub().names_count() + count > TokenCounts::share_of(ChannelHub::names_max);
  return !are_few_left || client_->names().of(token_) + count <= few_names;
}

void SharedSession::unsubscribe(ChannelKind kind, Words names) {
  const std::vector<std::string> all = names_.meant_by(kind, names);
  const std::vector<std::string_view> views(all.begin(), all.end());
  if (client_) client_->hub().remove(*this, kind, views);
  answer(names_.remove(kind, all, is_resp3_));
}

void SharedSession::handle_push(const PushBytes& message) {
  if (is_closed_ || has_ended_) return;
  if (!takes_messages(message)) return;
  if (!replies_.add_message(message)) return end("no memory for a message", Cause::no_memory);
  ++counters_.messages;
  count_held();
  wake_reader();
}

// Whether there is a place for one more. If not, the session ends.
bool SharedSession::takes_messages(const PushBytes& next) {
  const std::size_t waiting = replies_.message_bytes();
  if (waiting == 0 || waiting + next->bytes().size() <= unread_message_bytes_max) return true;
  end("it does not take its messages: more than unread_message_bytes_max wait", Cause::unread);
  return false;
}

// ---- Outcomes

// Null: there is no memory, and the session ends.
SharedSession::Place* SharedSession::expect() {
  Place* const place = replies_.expect();
  if (place == nullptr) end("no memory for a reply", Cause::no_memory);
  return place;
}

void SharedSession::answer(std::string_view text) {
  Place* const place = expect();
  if (place == nullptr) return;
  ++counters_.answered_locally;
  fill(*place, WireReply::of(text, clients_.account()));
}

void SharedSession::refuse(const Row* row, const plimsoll::Error& error) {
  if (error.code == ErrorCode::refused_command && row != nullptr) {
    return answer(not_possible(row->name_view()));
  }
  answer(error_line(native::Error(error)));
}

// A request that ran alone, or among others, has its outcome.
void SharedSession::finish(Place& place, native::Result<WireReply> reply, bool was_alone,
                           ErrorLine line_of) {
  if (is_closed_) return;
  if (was_alone) {
    blocked_.reset();
    is_alone_ = false;
  }
  if (reply) {
    fill(place, *std::move(reply));
  } else {
    const native::Error& error = reply.error();
    if (error.executed() == Executed::maybe) ++counters_.in_doubt;
    fill(place, WireReply::of(line_of(error), clients_.account()));
    if (error.code() == ErrorCode::closed) end("the bridge's client of the server has closed");
  }
  if (was_alone || is_idle()) wake_writer();
}

// The same of a reply that the client may keep (`read` is its command).
void SharedSession::finish_read(Place& place, native::Result<WireReply> reply, Words read,
                                bool was_alone) {
  if (is_closed_ || !kept_.is_on()) return finish(place, std::move(reply), was_alone);
  if (reply) {
    if (std::optional<PushBytes> changed = kept_.hold(read, *reply, *client_)) {
      add_behind(place, *std::move(changed));
    }
  }
  finish(place, std::move(reply), was_alone);
}

// Nobody will say when the reply at this place changes, so it counts as changed at once: right
// behind it, since what comes later may prove something to the client.
void SharedSession::add_behind(Place& place, PushBytes invalidation) {
  ++counters_.tracked_unkept;
  if (invalidation == nullptr || !replies_.add_behind(place, std::move(invalidation))) {
    kept_.forget_name();
    end("no memory for an invalidation", Cause::no_memory);
  }
}

void SharedSession::fill(Place& place, WireReply reply) {
  if (reply.left() == 0) return end("no memory for a reply", Cause::no_memory);
  replies_.fill(place, std::move(reply));
  count_held();
  wake_reader();
}

// Whether there is a client for this version of RESP. If not, it is opened, and the writer is woken
// when it is there, or when there is no connection: then what had come until then is refused.
bool SharedSession::has_client() {
  if (client_ || is_opening_) return client_ != nullptr;
  if (has_no_connection_) {
    is_refused_ = true;
    return false;
  }
  is_opening_ = true;
  clients_.open(server_, profile_, is_resp3_,
                [self = shared_from_this()](std::shared_ptr<SharedClient> client,
                                            const DialProblem& problem) {
                  self->is_opening_ = false;
                  if (self->is_closed_) return;
                  if (client == nullptr && self->clients_.is_over()) return self->end(problem.what);
                  self->has_no_connection_ = client == nullptr;
                  self->client_ = std::move(client);
                  self->wake_writer();
                });
  return client_ != nullptr;
}

// ---- The end

void SharedSession::end(std::string_view why, Cause cause) {
  if (has_ended_ || is_closed_) return;
  has_ended_ = true;
  why_ = why;
  cause_ = cause;
  wake_reader();
  wake_writer();
}

// Tells the sum over all sessions what this one holds for its client now.
void SharedSession::count_held() {
  if (!holds_any_) held_since_ = std::chrono::steady_clock::now();
  holds_any_ = replies_.held_bytes() > 0;
  const std::size_t now = replies_.counted_bytes();
  if (now > held_counted_) clients_.unread().grow(now - held_counted_);
  if (now < held_counted_) clients_.unread().shrink(held_counted_ - now);
  held_counted_ = now;
}

std::uint64_t SharedSession::burden(std::chrono::steady_clock::time_point now) const {
  const auto waits = std::chrono::duration_cast<std::chrono::milliseconds>(now - held_since_);
  return replies_.held_bytes() * static_cast<std::uint64_t>(1 + waits.count());
}

void SharedSession::drop(std::string_view why) {
  if (is_closed_) return;
  ++counters_.dropped;
  forget_client();  // what waits would stay
  end(why, Cause::unread);
  close();
}

void SharedSession::close() {
  if (is_closed_) return;
  is_closed_ = true;
  if (client_) client_->hub().remove_all(*this);
  replies_.clear();  // in front of leave(), which hears of what was not sent
  kept_.leave();
  if (blocked_) blocked_->emit(asio::cancellation_type::terminal);
  multi_.reset();
  unwatch();
  names_.leave();
  client_.reset();
  count_held();
  wake_reader();
  wake_writer();
}

}  // namespace plimsoll::bridge
