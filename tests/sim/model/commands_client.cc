// CLIENT, without TRACKING and its kin.
#include <optional>
#include <string>

#include "plimsoll/tests/sim/model/client_name.h"
#include "plimsoll/tests/sim/model/commands.h"
#include "plimsoll/tests/sim/model/commands_tracking.h"
#include "plimsoll/tests/sim/model/numbers.h"

namespace plimsoll::sim::model {
namespace {

void id(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.connection.number)); }

void setname(Call& call) {
  if (!is_valid_client_name(call.arguments[2])) {
    return call.reply.error(invalid_client_name_text("Client names"));
  }
  call.connection.name = call.arguments[2];
  call.reply.ok();
}

void getname(Call& call) {
  if (call.connection.name.empty()) return call.reply.null();
  call.reply.bulk(call.connection.name);
}

void setinfo(Call& call) {
  const std::string_view option = call.arguments[2];
  const bool is_name = equals_ignoring_case(option, "lib-name");
  if (!is_name && !equals_ignoring_case(option, "lib-ver")) {
    return call.reply.error("Unrecognized option '" + printed(option) + "'");
  }
  if (!is_valid_client_name(call.arguments[3])) {
    return call.reply.error(invalid_client_name_text(printed(option)));
  }
  call.reply.ok();
}

void on_or_off(Call& call) {
  const std::string_view word = call.arguments[2];
  if (!equals_ignoring_case(word, "on") && !equals_ignoring_case(word, "off")) {
    return call.reply.error(syntax_error_text);
  }
  call.reply.ok();
}

void capa(Call& call) { call.reply.ok(); }

struct KillFilter {
  std::optional<std::int64_t> number = {};
  enum class Self { skipped, meant } self = Self::skipped;
};

std::optional<KillFilter> parse_kill(Call& call) {
  KillFilter filter;
  const Arguments arguments = call.arguments;
  for (std::size_t i = 2; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) {
      call.reply.error(syntax_error_text);
      return std::nullopt;
    }
    if (equals_ignoring_case(arguments[i], "id")) {
      filter.number = parse_integer(arguments[i + 1]);
      if (!filter.number || *filter.number < 1) {
        call.reply.error("client-id should be greater than 0");
        return std::nullopt;
      }
    } else if (equals_ignoring_case(arguments[i], "skipme") &&
               equals_ignoring_case(arguments[i + 1], "yes")) {
      filter.self = KillFilter::Self::skipped;
    } else if (equals_ignoring_case(arguments[i], "skipme") &&
               equals_ignoring_case(arguments[i + 1], "no")) {
      filter.self = KillFilter::Self::meant;
    } else {
      call.reply.error(syntax_error_text);
      return std::nullopt;
    }
  }
  return filter;
}

// By ID and SKIPME. The old form, with an address, finds nobody here.
void kill(Call& call) {
  if (call.arguments.size() == 3) return call.reply.error("No such client");
  const std::optional<KillFilter> filter = parse_kill(call);
  if (!filter) return;

  std::int64_t killed = 0;
  Closing own = Closing::no;
  Connections& connections = call.engine.connections;
  connections.for_each([&](Connection& connection) {
    if (filter->number && *filter->number != static_cast<std::int64_t>(connection.number)) return;
    if (&connection != &call.connection) {
      if (connection.closing == Closing::at_once) return;
      connections.close_at_once(connection);
    } else if (filter->self == KillFilter::Self::meant) {
      own = Closing::after_output;
    } else {
      return;
    }
    ++killed;
  });
  call.reply.integer(killed);
  if (own != Closing::no) call.connection.closing = own;
}

void unblock(Call& call) {
  Engine::Unblocking how = Engine::Unblocking::timeout;
  const Arguments arguments = call.arguments;
  if (arguments.size() > 4) return call.reply.error(wrong_arity_text(call.command));
  if (arguments.size() == 4) {
    const bool error = equals_ignoring_case(arguments[3], "error");
    if (!error && !equals_ignoring_case(arguments[3], "timeout")) {
      return call.reply.error("CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
    if (error) how = Engine::Unblocking::error;
  }
  const std::optional<std::int64_t> number = integer_argument(call, 2);
  if (!number) return;
  Connection* const other =
      call.engine.connections.find_number(static_cast<std::uint64_t>(*number));
  call.reply.integer(other != nullptr && call.engine.unblock(*other, how) ? 1 : 0);
}

constexpr std::uint32_t family = flag_loading | flag_stale | flag_client_family;

constexpr Command client_table[] = {
    {"client", -2, flag_container, no_key, nullptr},
    {"client|id", 2, family, no_key, id},
    {"client|setname", 3, family, no_key, setname},
    {"client|getname", 2, family, no_key, getname},
    {"client|setinfo", 4, flag_loading | flag_stale, no_key, setinfo},
    {"client|no-evict", 3, family, no_key, on_or_off},
    {"client|no-touch", 3, family, no_key, on_or_off},
    {"client|capa", -3, family, no_key, capa},
    {"client|unblock", -3, family, no_key, unblock},
    {"client|kill", -3, family, no_key, kill},
    {"client|tracking", -3, family, no_key, client_tracking},
    {"client|caching", 3, family, no_key, client_caching},
    {"client|trackinginfo", 2, family, no_key, client_trackinginfo},
    {"client|getredir", 2, family, no_key, client_getredir},
};

}  // namespace

std::span<const Command> client_commands() { return client_table; }

}  // namespace plimsoll::sim::model
