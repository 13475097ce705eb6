#include "plimsoll/tests/sim/model/commands_tracking.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {
namespace {

using Mode = TrackingState::Mode;

constexpr std::string_view both_options_text = "You can't specify both OPTIN mode and OPTOUT mode";
constexpr std::string_view broadcast_options_text =
    "OPTIN and OPTOUT are not compatible with BCAST";
constexpr std::string_view prefix_text = "PREFIX option requires BCAST mode to be enabled";
constexpr std::string_view switch_broadcast_text =
    "You can't switch BCAST mode on/off before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";
constexpr std::string_view switch_option_text =
    "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";

enum class Given { no, yes };

struct TrackingRequest {
  Given broadcast = Given::no;
  Given opt_in = Given::no;
  Given opt_out = Given::no;
  Given no_loop = Given::no;
  std::vector<std::string_view> prefixes = {};
};

// Nothing if there is a word that does not belong here.
std::optional<TrackingRequest> parse(Arguments arguments) {
  TrackingRequest request;
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    if (equals_ignoring_case(arguments[i], "bcast")) {
      request.broadcast = Given::yes;
    } else if (equals_ignoring_case(arguments[i], "optin")) {
      request.opt_in = Given::yes;
    } else if (equals_ignoring_case(arguments[i], "optout")) {
      request.opt_out = Given::yes;
    } else if (equals_ignoring_case(arguments[i], "noloop")) {
      request.no_loop = Given::yes;
    } else if (equals_ignoring_case(arguments[i], "prefix") && i + 1 < arguments.size()) {
      request.prefixes.push_back(arguments[++i]);
    } else {
      return std::nullopt;
    }
  }
  return request;
}

Mode mode_of(const TrackingRequest& request) {
  if (request.broadcast == Given::yes) return Mode::broadcast;
  if (request.opt_in == Given::yes) return Mode::opt_in;
  return request.opt_out == Given::yes ? Mode::opt_out : Mode::standard;
}

bool overlap(std::string_view left, std::string_view right) {
  return left.starts_with(right) || right.starts_with(left);
}

std::string overlap_text(std::string_view prefix, std::string_view with, std::string_view other) {
  return "Prefix '" + printed(prefix) + "' overlaps with " + std::string(with) + " '" +
         printed(other) + "'. Prefixes for a single client must not overlap.";
}

std::optional<std::string> overlap_error(const TrackingState& state,
                                         const std::vector<std::string_view>& prefixes) {
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    for (const std::string& old : state.prefixes) {
      if (overlap(prefixes[i], old)) {
        return overlap_text(prefixes[i], "an existing prefix", old);
      }
    }
    for (std::size_t j = i + 1; j < prefixes.size(); ++j) {
      if (overlap(prefixes[i], prefixes[j])) {
        return overlap_text(prefixes[i], "another provided prefix", prefixes[j]);
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> error_of(const TrackingRequest& request, const TrackingState& state) {
  const bool broadcast = request.broadcast == Given::yes;
  const bool opt_in = request.opt_in == Given::yes;
  const bool opt_out = request.opt_out == Given::yes;
  if (!broadcast && !request.prefixes.empty()) return std::string(prefix_text);
  if (state.mode != Mode::off && (state.mode == Mode::broadcast) != broadcast) {
    return std::string(switch_broadcast_text);
  }
  if (broadcast && (opt_in || opt_out)) return std::string(broadcast_options_text);
  if (opt_in && opt_out) return std::string(both_options_text);
  if ((opt_in && state.mode == Mode::opt_out) || (opt_out && state.mode == Mode::opt_in)) {
    return std::string(switch_option_text);
  }
  return overlap_error(state, request.prefixes);
}

void turn_on(Call& call, const TrackingRequest& request) {
  if (const std::optional<std::string> error = error_of(request, call.connection.tracking)) {
    return call.reply.error(*error);
  }
  TrackingState state;
  state.mode = mode_of(request);
  if (request.no_loop == Given::yes) state.own_writes = TrackingState::OwnWrites::not_told;
  state.prefixes = {request.prefixes.begin(), request.prefixes.end()};
  if (state.mode == Mode::broadcast && state.prefixes.empty()) state.prefixes.insert("");
  call.engine.tracking.turn_on(call.connection, std::move(state));
  call.reply.ok();
}

std::vector<std::string_view> flags_of(const TrackingState& state) {
  std::vector<std::string_view> flags = {state.mode == Mode::off ? "off" : "on"};
  const bool caching = state.caching == TrackingState::Caching::said;
  if (state.mode == Mode::broadcast) flags.push_back("bcast");
  if (state.mode == Mode::opt_in) flags.push_back("optin");
  if (state.mode == Mode::opt_in && caching) flags.push_back("caching-yes");
  if (state.mode == Mode::opt_out) flags.push_back("optout");
  if (state.mode == Mode::opt_out && caching) flags.push_back("caching-no");
  if (state.own_writes == TrackingState::OwnWrites::not_told) flags.push_back("noloop");
  return flags;
}

// The stream's name, the number of its last push, and whether it goes on.
void tell_stream(Call& call, const Stream& stream, bool resumed) {
  call.reply.array(3);
  call.reply.bulk(stream.name);
  call.reply.integer(static_cast<std::int64_t>(stream.last));
  call.reply.integer(resumed ? 1 : 0);
}

void resume(Call& call) {
  const Arguments arguments = call.arguments;
  Engine& engine = call.engine;
  Connection& connection = call.connection;
  if (arguments.size() != 3 && arguments.size() != 5) return call.reply.error(syntax_error_text);
  if (connection.tracking.mode == Mode::off || connection.protocol == Protocol::resp2 ||
      engine.nesting == Engine::Nesting::in_transaction) {
    return call.reply.error("CLIENT TRACKING RESUME needs RESP3 and CLIENT TRACKING ON");
  }
  Resumptions& counts = engine.resumptions;
  if (arguments.size() == 3) {
    ++counts.begun;
    const Resumption& options = *engine.options.resumption;
    return tell_stream(call, engine.tracking.begin_stream(connection, options), false);
  }
  const std::optional<std::int64_t> number = integer_argument(call, 4);
  if (!number) return;
  const auto known = static_cast<std::uint64_t>(*number);
  const std::size_t said = connection.output.size();
  if (const Stream* const stream =
          engine.tracking.resume(connection, arguments[3], known, engine.now)) {
    ++counts.resumed;
    if (connection.output.size() > said) ++counts.told_again;
    if (known > stream->last) ++counts.ahead;
    return tell_stream(call, *stream, true);
  }
  ++counts.refused;
  tell_stream(call, engine.tracking.begin_stream(connection, *engine.options.resumption), false);
}

}  // namespace

void client_tracking(Call& call) {
  if (call.engine.options.resumption && equals_ignoring_case(call.arguments[2], "resume")) {
    return resume(call);
  }
  const std::optional<TrackingRequest> request = parse(call.arguments);
  if (!request) return call.reply.error(syntax_error_text);
  if (equals_ignoring_case(call.arguments[2], "on")) return turn_on(call, *request);
  if (!equals_ignoring_case(call.arguments[2], "off")) return call.reply.error(syntax_error_text);
  call.engine.tracking.turn_off(call.connection);
  call.reply.ok();
}

void client_caching(Call& call) {
  TrackingState& state = call.connection.tracking;
  if (state.mode == Mode::off) {
    return call.reply.error(
        "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
        "OPTOUT mode enabled");
  }
  const bool yes = equals_ignoring_case(call.arguments[2], "yes");
  if (!yes && !equals_ignoring_case(call.arguments[2], "no")) {
    return call.reply.error(syntax_error_text);
  }
  if (yes && state.mode != Mode::opt_in) {
    return call.reply.error(
        "CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
  }
  if (!yes && state.mode != Mode::opt_out) {
    return call.reply.error(
        "CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  }
  state.caching = TrackingState::Caching::said;
  call.reply.ok();
}

void client_trackinginfo(Call& call) {
  const TrackingState& state = call.connection.tracking;
  const std::vector<std::string_view> flags = flags_of(state);
  call.reply.map(3);
  call.reply.bulk("flags");
  call.reply.set(flags.size());
  for (const std::string_view flag : flags) call.reply.bulk(flag);
  call.reply.bulk("redirect");
  call.reply.integer(state.mode == Mode::off ? -1 : 0);
  call.reply.bulk("prefixes");
  call.reply.array(state.prefixes.size());
  for (const std::string& prefix : state.prefixes) call.reply.bulk(prefix);
}

void client_getredir(Call& call) {
  call.reply.integer(call.connection.tracking.mode == Mode::off ? -1 : 0);
}

}  // namespace plimsoll::sim::model
