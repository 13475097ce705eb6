// PING, ECHO, HELLO, AUTH, ACL WHOAMI, SELECT, RESET, QUIT.
#include <optional>
#include <string>

#include "plimsoll/tests/sim/model/client_name.h"
#include "plimsoll/tests/sim/model/commands.h"
#include "plimsoll/tests/sim/model/numbers.h"

namespace plimsoll::sim::model {
namespace {

constexpr std::string_view wrong_password_text =
    "-WRONGPASS invalid username-password pair or user is disabled.";
constexpr std::string_view no_password_text =
    "AUTH <password> called without any password configured for the default user. Are you sure "
    "your configuration is correct?";
constexpr std::string_view hello_unauthenticated_text =
    "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
    "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
    "protocol version at the same time";

void ping(Call& call) {
  if (call.arguments.size() > 2) return call.reply.error(wrong_arity_text(call.command));
  const Connection& connection = call.connection;
  if (connection.protocol == Protocol::resp2 && connection.subscriptions() > 0) {
    call.reply.array(2);
    call.reply.bulk("pong");
    call.reply.bulk(call.arguments.size() == 2 ? call.arguments[1] : std::string_view());
  } else if (call.arguments.size() == 2) {
    call.reply.bulk(call.arguments[1]);
  } else {
    call.reply.simple("PONG");
  }
}

void echo(Call& call) { call.reply.bulk(call.arguments[1]); }

enum class Authenticated { yes, no };

Authenticated authenticate(Call& call, std::string_view name, std::string_view password) {
  const User* const user = call.engine.users.authenticate(name, password);
  if (user == nullptr) {
    // The real server (addAuthErrReply() in acl.c) says nothing at all behind replies that have not
    // been sent yet: in a pipeline or a transaction, a reply is missing.
    if (call.connection.output.empty()) call.reply.error(wrong_password_text);
    return Authenticated::no;
  }
  call.connection.user = user;
  call.connection.trust = Trust::authenticated;
  return Authenticated::yes;
}

void auth(Call& call) {
  const Arguments arguments = call.arguments;
  if (arguments.size() > 3) return call.reply.error(syntax_error_text);
  const bool named = arguments.size() == 3;
  if (!named && !call.engine.users.default_user().password) {
    return call.reply.error(no_password_text);
  }
  const std::string_view name = named ? arguments[1] : "default";
  if (authenticate(call, name, arguments.back()) == Authenticated::yes) call.reply.ok();
}

void whoami(Call& call) { call.reply.bulk(call.connection.user->name); }

struct HelloRequest {
  std::optional<Protocol> protocol = {};
  std::optional<std::string_view> user = {};
  std::string_view password = {};
  std::optional<std::string_view> name = {};
};

// Nothing, with the error replied, if it is none.
std::optional<HelloRequest> parse_hello(Call& call) {
  const Arguments arguments = call.arguments;
  HelloRequest request;
  if (arguments.size() >= 2) {
    const std::optional<std::int64_t> version =
        integer_argument(call, 1, "Protocol version is not an integer or out of range");
    if (!version) return std::nullopt;
    if (*version != 2 && *version != 3) {
      call.reply.error("-NOPROTO unsupported protocol version");
      return std::nullopt;
    }
    request.protocol = *version == 2 ? Protocol::resp2 : Protocol::resp3;
  }
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::size_t more = arguments.size() - 1 - i;
    if (equals_ignoring_case(arguments[i], "auth") && more >= 2) {
      request.user = arguments[++i];
      request.password = arguments[++i];
    } else if (equals_ignoring_case(arguments[i], "setname") && more >= 1) {
      request.name = arguments[++i];
      if (!is_valid_client_name(*request.name)) {
        call.reply.error(invalid_client_name_text("Client names"));
        return std::nullopt;
      }
    } else {
      call.reply.error("Syntax error in HELLO option '" + printed(arguments[i]) + "'");
      return std::nullopt;
    }
  }
  return request;
}

void hello(Call& call) {
  const std::optional<HelloRequest> request = parse_hello(call);
  if (!request) return;
  if (request->user && authenticate(call, *request->user, request->password) == Authenticated::no) {
    return;
  }
  Connection& connection = call.connection;
  if (connection.trust == Trust::unauthenticated) {
    return call.reply.error(hello_unauthenticated_text);
  }
  if (request->name) connection.name = *request->name;
  if (request->protocol) connection.protocol = *request->protocol;

  Replies& reply = call.reply;
  const model::ServerOptions& options = call.engine.options;
  const bool resumes = options.resumption && connection.protocol == Protocol::resp3;
  reply.map(resumes ? 9 : 7);
  reply.bulk("server");
  reply.bulk("valkey");
  reply.bulk("version");
  reply.bulk(call.engine.options.version);
  reply.bulk("proto");
  reply.integer(connection.protocol == Protocol::resp3 ? 3 : 2);
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(connection.number));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  const bool is_replica =
      options.role == Role::replica || options.condition == Condition::primary_down;
  reply.bulk(is_replica ? "replica" : "master");
  if (resumes) {
    reply.bulk("tracking-proof");
    reply.bulk("ping");
    reply.bulk("tracking-resume");
    reply.integer(options.resumption->seconds_away_max);
  }
  reply.bulk("modules");
  reply.array(0);
}

void select(Call& call) {
  const std::optional<std::int64_t> number = integer_argument(call, 1);
  if (!number) return;
  if (*number < 0 || *number >= call.engine.options.databases) {
    return call.reply.error("DB index is out of range");
  }
  call.connection.database = static_cast<int>(*number);
  call.reply.ok();
}

void reset(Call& call) {
  Engine& engine = call.engine;
  Connection& connection = call.connection;
  engine.tracking.turn_off(connection);
  engine.pubsub.unsubscribe_all(connection);
  discard_transaction(engine, connection);
  connection.database = 0;
  connection.protocol = Protocol::resp2;
  connection.name.clear();
  connection.user = &engine.users.default_user();
  connection.trust = engine.users.trust_at_first();
  call.reply.simple("RESET");
}

void quit(Call& call) {
  call.reply.ok();
  call.connection.closing = Closing::after_output;
}

constexpr std::uint32_t before_authentication = flags_always | flag_no_auth | flag_busy;

constexpr Command connection_table[] = {
    {"ping", -1, flag_subscribed, no_key, ping},
    {"echo", 2, flags_always, no_key, echo},
    {"hello", -1, before_authentication, no_key, hello},
    {"auth", -2, before_authentication, no_key, auth},
    {"acl", -2, flag_container, no_key, nullptr},
    {"acl|whoami", 2, flags_always, no_key, whoami},
    {"select", 2, flags_always, no_key, select},
    {"reset", 1, before_authentication | flag_at_once | flag_subscribed, no_key, reset},
    {"quit", -1, before_authentication | flag_at_once | flag_subscribed, no_key, quit},
};

}  // namespace

std::span<const Command> connection_commands() { return connection_table; }

}  // namespace plimsoll::sim::model
