#include <algorithm>
#include <array>
#include <utility>

#include "plimsoll/tests/sim/client/request.h"
#include "plimsoll/tests/sim/server/server.h"

namespace plimsoll::sim {
namespace {

// In place of a command that has not run.
constexpr std::array error_replies = {
    "-ERR something went wrong\r\n",
    "-ERR unknown command 'IT', with args beginning with: \r\n",
    "-NOPERM plimsoll-bridge: IT is not allowed\r\n",
    "-NOREPLICAS Not enough good replicas to write.\r\n",
    "-READONLY You can't write against a read only replica.\r\n",
    "-MISCONF Errors writing to the AOF file: No space left on device\r\n",
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
};

}  // namespace

using std::chrono::microseconds;
using std::chrono::milliseconds;

void Server::restart(Data data) {
  environment_.note("server", number_, data == Data::kept ? "restarts" : "restarts empty");
  for (Connection& connection : connections_) {
    if (connection.link == nullptr) continue;
    if (random_.one_in(2)) {
      close(connection);
    } else {
      connection.link->reset_by_server();
      forget(connection);
    }
  }
  if (data == Data::lost) environment_.books.transactions.note_data_lost(number_);
  model_.restart(data == Data::kept ? model::Server::Data::kept : model::Server::Data::lost);
  note_versions();
  const Duration down = microseconds(random_.skewed(2'000'000));
  environment_.network.refuse_connections(number_, down);
}

void Server::stall(Duration time) {
  environment_.note("server", number_, "stalls for %", time);
  idle_at_ = std::max(idle_at_, environment_.now() + time);
}

void Server::slow_down(Duration time) {
  slow_service_time_ = random_.between(microseconds(10), milliseconds(20));
  environment_.note("server", number_, "takes % for each command, for %", slow_service_time_, time);
  slow_until_ = environment_.now() + time;
}

void Server::lie(Fault how) { lie_ = how; }

void Server::note_lie_told() {
  environment_.note("server", number_, "%", name(*lie_));
  environment_.coverage.count(*lie_);
  lie_.reset();
}

// In place of the model's, for the request in scanner_; null: none.
const char* Server::made_up_reply(const Connection& connection) {
  const std::string_view command = scanner_.words().empty() ? "" : scanner_.words()[0];
  const bool bare_ping = command == "PING" && scanner_.words().size() == 1;
  // No server refuses that: it asks for nothing.
  const bool bare_hello = command == "HELLO" && scanner_.words().size() == 1;
  if (imposed_ == Fault::old_protocol && command == "HELLO" && !bare_hello) {
    return "-NOPROTO unsupported protocol version\r\n";
  }
  if (imposed_ == Fault::no_database && command == "SELECT") {
    return "-ERR DB index is out of range\r\n";
  }
  // As a proxy. In the end clients that want tracking by all means are to have it.
  const bool is_tracking =
      command == "CLIENT" && scanner_.words().size() > 1 && scanner_.words()[1] == "TRACKING";
  if (is_tracking && !knows_tracking_ && !environment_.calm) {
    return "-ERR unknown subcommand 'TRACKING'. Try CLIENT HELP.\r\n";
  }
  if (imposed_ == Fault::no_permission && (bare_ping || command == "SELECT")) {
    return "-NOPERM User default has no permissions to run this command\r\n";
  }
  // What refuses a command between MULTI and EXEC makes EXEC refuse, too: that takes the model.
  const bool whole = connection.in_transaction || command == "MULTI" || command == "EXEC";
  // Some of this has been sent before, and has run.
  if (environment_.leaning == Leaning::masks && !environment_.calm && !whole &&
      number_of(scanner_.words()) != 0 && rights_random_.one_in(6)) {
    return "-NOREPLICAS Not enough good replicas to write.\r\n";
  }
  if (!lies(Fault::error_reply) || whole || bare_hello) return nullptr;
  note_lie_told();
  // What becomes of a connection is not for these to decide.
  const RequestNumber number = number_of(scanner_.words());
  return number == 0 ? "-ERR something went wrong\r\n"
                     : error_replies[number % error_replies.size()];
}

void Server::replace_by_large_reply() {
  if (!lies(Fault::oversized_reply)) return;
  const std::size_t bytes = random_.between(4'000, random_.one_in(8) ? 2'500'000 : 400'000);
  reply_ = '$' + std::to_string(bytes) + "\r\n";
  reply_.append(bytes, 'x');
  reply_ += "\r\n";
  note_lie_told();
}

// What the ledger does not know of.
void Server::spoil_reply(Connection& connection) {
  switch (*lie_) {
    case Fault::stray_push:
      if (model_.options().resumption && scanner_.words()[0] == "CLIENT") return;
      if (model_.tell_stray(connection.client, "k1")) {  // behind what is counted already
        reply_ += std::exchange(model_.output(connection.client), {});
        environment_.books.pushes.note_other(connection.link->serial());
        return note_lie_told();
      }
      reply_.insert(0, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$2\r\nk1\r\n");
      environment_.books.pushes.note_other(connection.link->serial());
      return note_lie_told();
    case Fault::extra_reply: reply_ += "+made up\r\n"; break;
    case Fault::garbage:
      for (std::uint64_t left = random_.between(1, 40); left > 0; --left) {
        reply_ += static_cast<char>(random_.below(256));
      }
      break;
    case Fault::truncated_reply:
      reply_.resize(random_.below(reply_.size() + 1));
      send(connection, reply_);
      reply_.clear();
      connection.closing = connection.cut_short = true;
      return note_lie_told();
    default: return;  // waits for a request that it fits
  }
  // What the client makes of this it is not to keep.
  model_.forget_stream_of(connection.client);
  connection.link->note_lie();
  note_lie_told();
}

void Server::impose(Fault condition, Duration time) {
  lift_condition();
  environment_.note("server", number_, "%, for %", name(condition), time);
  imposed_ = condition;
  model::ServerOptions& options = model_.options();
  switch (condition) {
    case Fault::loading: options.condition = model::Condition::loading; break;
    case Fault::busy: options.condition = model::Condition::busy; break;
    case Fault::primary_down: options.condition = model::Condition::primary_down; break;
    case Fault::protected_mode: options.access = model::Access::protected_mode; break;
    case Fault::max_clients: options.clients_max = 0; break;
    case Fault::wrong_password: {
      model::User user;
      user.password = "other";
      model_.set_user(user);
      break;
    }
    default: break;  // made_up_reply()
  }
  environment_.schedule.plan(time, *this, lift, ++imposed_number_);
}

void Server::lift_condition() {
  const bool password = imposed_ == Fault::wrong_password;
  imposed_.reset();
  if (password) restore_password();
  const model::ServerOptions defaults;
  model_.options().condition = defaults.condition;
  model_.options().access = defaults.access;
  model_.options().clients_max = defaults.clients_max;
}

// Only where passwords change are there any.
void Server::restore_password() {
  model::User user;
  if (environment_.scenario.faults.has(Fault::rotation)) {
    user.password = environment_.passwords.back();
    user.other_passwords = former_passwords_;
  }
  model_.set_user(user);
}

void Server::rotate_password(Duration overlap) {
  former_passwords_.assign(environment_.passwords.end() - 2, environment_.passwords.end() - 1);
  if (imposed_ != Fault::wrong_password) restore_password();
  environment_.schedule.plan(overlap, *this, forget_passwords);
}

Server::Connection* Server::pick() {
  if (connections_.empty()) return nullptr;
  const std::size_t begin = random_.below(connections_.size());
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    Connection& connection = connections_[(begin + i) % connections_.size()];
    if (connection.link != nullptr && !connection.finished) return &connection;
  }
  return nullptr;
}

void Server::kick() {
  Connection* const connection = pick();
  if (connection == nullptr) return;
  environment_.note("server", number_, "kicks connection %", connection->link->serial());
  environment_.coverage.count(Fault::kick);
  close(*connection);  // what it has not sent is not sent any more
}

void Server::close_one() {
  Connection* const connection = pick();
  if (connection == nullptr) return;
  environment_.note("server", number_, "closes connection %", connection->link->serial());
  environment_.coverage.count(Fault::orderly_close);
  connection->closing = true;
  flush(*connection);
}

void Server::half_close_one() {
  Connection* const connection = pick();
  if (connection == nullptr) return;
  environment_.note("server", number_, "ends its direction of connection %",
                    connection->link->serial());
  environment_.coverage.count(Fault::half_close);
  connection->finished = true;
  connection->output.resize(connection->sent);
  connection->link->finish_by_server();
}

void Server::plan_change_of_rights() {
  environment_.schedule.plan(rights_random_.between(milliseconds(1), milliseconds(40)), *this,
                             change_rights);
}

// As ACL SETUSER does: no connection is told.
void Server::change_some_rights() {
  if (environment_.calm) return;
  plan_change_of_rights();
  const std::size_t number = rights_random_.below(SharedCache::users.size());
  const bool by_command = rights_random_.one_in(2);
  if (lacks_right_[number]) return give_right(number);
  model::User user;
  user.name = SharedCache::users[number];
  if (by_command) {
    user.denied_commands = {"get"};
  } else {
    user.keys = {"[^c]*"};
  }
  environment_.note("server", number_, "% may not read any more", user.name.c_str());
  lacks_right_[number] = true;
  model_.set_user(user);
}

void Server::give_right(std::size_t number) {
  if (!std::exchange(lacks_right_[number], false)) return;
  model::User user;
  user.name = SharedCache::users[number];
  environment_.note("server", number_, "% may read again", user.name.c_str());
  model_.set_user(user);
  environment_.books.rights.note_given(number_, user.name, environment_.now());
}

// Some forget sooner than they say, or for no reason. Worlds that are about the proofs of servers,
// or about time alone, stay what they are.
void Server::draw_resumption() {
  const Leaning leaning = environment_.leaning;
  const bool leans_elsewhere = leaning == Leaning::late_news || leaning == Leaning::masks;
  if (leans_elsewhere) return;
  if (!resumption_random_.one_in(6) && leaning != Leaning::returns) return;
  model::Resumption resumption;
  if (resumption_random_.one_in(4)) resumption.seconds_away_max = 1;
  if (resumption_random_.one_in(2)) resumption.pushes_max = resumption_random_.between(2, 32);
  if (resumption_random_.one_in(4)) forgets_one_in_ = resumption_random_.between(20, 200);
  resumption.salt = resumption_random_.next();
  model_.options().resumption = resumption;
}

void Server::forget_some_stream() {
  if (forgets_one_in_ == 0 || environment_.calm) return;
  if (!resumption_random_.one_in(forgets_one_in_)) return;
  model_.forget_stream(resumption_random_.below(UINT32_MAX));
}

void Server::calm_down() {
  for (std::size_t number = 0; number < lacks_right_.size(); ++number) give_right(number);
  lift_condition();
  lie_.reset();
  idle_at_ = slow_until_ = environment_.now();
  // Its client was told a made-up answer, and waits for others behind what blocks here for ever.
  for (Connection& connection : connections_) {
    const bool stuck = connection.link != nullptr && connection.waiting != 0;
    if (stuck && !connection.link->truthful()) close(connection);
  }
  environment_.schedule.plan(Duration::zero(), *this, turn);
}

}  // namespace plimsoll::sim
