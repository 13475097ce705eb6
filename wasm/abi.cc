#include "plimsoll/wasm/abi.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/wasm/instance.h"
#include "plimsoll/wasm/milliseconds.h"
#include "plimsoll/wasm/translate.h"

// Each call: check what the host said, hand it to the core, put the answer where abi.h says.

#ifdef __wasm__
#define PLIMSOLL_EXPORT(name) __attribute__((export_name(#name))) name
#else
#define PLIMSOLL_EXPORT(name) name
#endif

namespace plimsoll::wasm {
namespace {

constinit Instance instance;

// 2^53 - 1: up to here a double holds every integer.
constexpr double exact_max = 9007199254740991;

PlimsollOutbox& outbox() { return instance.outbox; }

void note(const Error& error) {
  instance.error = error;
  outbox().error = static_cast<std::uint32_t>(error.code) + 1;
  outbox().executed = static_cast<std::uint32_t>(error.executed);
}

std::int32_t refuse(const Error& error) {
  note(error);
  return -static_cast<std::int32_t>(outbox().error);
}

std::int32_t refuse_argument(const char* what, const char* expected) {
  return refuse({.code = ErrorCode::invalid_argument, .what = what, .expected = expected});
}

std::int32_t refuse_time() { return refuse_argument("not a time", time_expected); }

std::int32_t answer(const Status& status) { return status ? 0 : refuse(status.error()); }

// What `call` answers about the client of that id.
template <class Call>
auto with(std::int32_t client, Call&& call) -> decltype(call(std::declval<HostedClient&>())) {
  if (HostedClient* const found = instance.clients.find(client)) return call(*found);
  return refuse_argument("there is no such client", "an id that plimsoll_create() gave");
}

// The same for a call that nothing can go wrong in.
template <class Call>
std::int32_t tell(std::int32_t client, Call&& call) {
  return with(client, [&](HostedClient& found) {
    call(found);
    return 0;
  });
}

// The same with the time.
template <class Call>
std::int32_t tell(std::int32_t client, double now, Call&& call) {
  if (!is_time(now)) return refuse_time();
  return tell(client, [&](HostedClient& found) { call(found, to_instant(now)); });
}

void show_spans(std::span<const std::string_view> spans) {
  std::transform(spans.begin(), spans.end(), outbox().spans, [](std::string_view span) {
    return PlimsollSpan{.bytes = span.data(), .size = span.size()};
  });
}

void append(std::string_view text) {
  const std::size_t room = plimsoll_text_max - outbox().text_size;
  const std::size_t size = std::min(text.size(), room);
  std::copy_n(text.data(), size, outbox().text + outbox().text_size);
  outbox().text_size += static_cast<std::uint32_t>(size);
}

// The last words before the trap.
[[maybe_unused]] void show_failed_check(const char* condition, const char* file, int line) {
  std::array<char, 10> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), line).ptr;
  outbox().text_size = 0;
  append("CHECK failed: ");
  append(condition);
  append(" at ");
  append(file);
  append(":");
  append({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

#ifdef __wasm__
// Natively the hook that prints is of more use.
[[maybe_unused]] const bool hooked = (set_check_hook(&show_failed_check), true);
#endif

double submit(HostedClient& client, std::uint32_t count, std::uint32_t tag, double timeout,
              Instant now) {
  const auto words = instance.line().staging.words(count);
  if (!words) return refuse(words.error());
  const Result<CommandView> prepared = commands::prepare(*words);
  if (!prepared) return refuse(prepared.error());
  const CommandView& command = *prepared;
  if (command.block_time != Duration::zero()) {
    return refuse({.code = ErrorCode::refused_command,
                   .what = "a command that blocks would hold up the one connection that there is",
                   .expected = "the form of the command that does not wait"});
  }
  const Result<RequestId> id =
      timeout < 0 ? client.client().submit(command, now, tag)
                  : client.client().submit(command, now, to_duration(timeout), tag);
  return id ? static_cast<double>(*id) : refuse(id.error());
}

}  // namespace
}  // namespace plimsoll::wasm

using namespace plimsoll;
using namespace plimsoll::wasm;

// ---- The instance

uint32_t PLIMSOLL_EXPORT(plimsoll_version)(void) { return plimsoll_abi_version; }

PlimsollOutbox* PLIMSOLL_EXPORT(plimsoll_outbox)(void) { return &outbox(); }

int32_t PLIMSOLL_EXPORT(plimsoll_configure)(double memory_limit) {
  if (!(memory_limit >= 0 && memory_limit <= exact_max)) {
    return refuse({.code = ErrorCode::invalid_option,
                   .what = "memory_limit is not a number of bytes",
                   .expected = "1 MiB to 224 MiB"});
  }
  return answer(instance.configure(static_cast<std::uint64_t>(memory_limit)));
}

char* PLIMSOLL_EXPORT(plimsoll_stage)(size_t size) {
  DrawnLine& line = instance.line();
  char* const room = line.staging.stage(size);
  if (room == nullptr) {
    note({.code = ErrorCode::rejected_by_limit,
          .what = "the requests pool has no room for what is to be staged",
          .value = size,
          .limit = line.budget.limit(PoolKind::requests)});
  }
  return room;
}

int32_t PLIMSOLL_EXPORT(plimsoll_memory_statistics)(void) {
  const DrawnLine* const line = instance.drawn_line();
  outbox().memory_statistics = to_abi(line ? line->budget.statistics() : BudgetStatistics());
  return 0;
}

int32_t PLIMSOLL_EXPORT(plimsoll_describe_error)(void) {
  const std::string_view text = describe(instance.error, outbox().text);
  outbox().text_size = static_cast<std::uint32_t>(text.size());
  return static_cast<int32_t>(text.size());
}

// ---- A client

PlimsollOptions* PLIMSOLL_EXPORT(plimsoll_options)(void) {
  instance.options = to_abi(ClientOptions());
  return &instance.options;
}

int32_t PLIMSOLL_EXPORT(plimsoll_create)(double now) {
  if (!is_time(now)) return refuse_time();
  Staging& staging = instance.line().staging;
  const Result<ClientOptions> options = from_abi(instance.options, staging.bytes());
  const Result<std::int32_t> id =
      options ? instance.create(*options, to_instant(now)) : options.error();
  staging.clear();
  return id ? *id : refuse(id.error());
}

int32_t PLIMSOLL_EXPORT(plimsoll_destroy)(int32_t client) {
  return tell(client, [client](HostedClient&) { instance.destroy(client); });
}

double PLIMSOLL_EXPORT(plimsoll_submit)(int32_t client, uint32_t count, uint32_t tag,
                                        double timeout, double now) {
  if (!is_time(now) || !(timeout < 0 || is_time(timeout))) return refuse_time();
  return with(client, [&](HostedClient& found) {
    const double id = submit(found, count, tag, timeout, to_instant(now));
    instance.line().staging.clear();
    return id;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_cancel)(int32_t client, double request, double now) {
  if (!(request >= 0 && request <= exact_max)) {
    return refuse_argument("not a request", "an id that plimsoll_submit() gave");
  }
  return tell(client, now, [request](HostedClient& found, Instant at) {
    found.client().cancel(static_cast<RequestId>(request), at);
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_close)(int32_t client, double now) {
  return tell(client, now, [](HostedClient& found, Instant at) { found.client().close(at); });
}

int32_t PLIMSOLL_EXPORT(plimsoll_abort)(int32_t client) {
  return tell(client, [](HostedClient& found) { found.client().abort(); });
}

// ---- What the host has to say

int32_t PLIMSOLL_EXPORT(plimsoll_handle_opened)(int32_t client, double now) {
  if (!is_time(now)) return refuse_time();
  return with(client,
              [now](HostedClient& found) { return answer(found.handle_opened(to_instant(now))); });
}

int32_t PLIMSOLL_EXPORT(plimsoll_handle_closed)(int32_t client, uint32_t reason, double now) {
  if (!is_time(now)) return refuse_time();
  const std::optional<Error> error = close_error(reason);
  if (!error) return refuse_argument("unknown reason", "one of PlimsollCloseReason");
  return with(client, [&error, now](HostedClient& found) {
    return answer(found.handle_closed(*error, to_instant(now)));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_read_space)(int32_t client) {
  return with(client, [](HostedClient& found) {
    const std::span<char> space = found.read_space();
    outbox().spans[0] = {.bytes = space.data(), .size = space.size()};
    return static_cast<int32_t>(space.size());
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_handle_read)(int32_t client, size_t size, double now) {
  if (!is_time(now)) return refuse_time();
  return with(client, [size, now](HostedClient& found) {
    return answer(found.handle_read(size, to_instant(now)));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_handle_written)(int32_t client, size_t size) {
  return with(client, [size](HostedClient& found) { return answer(found.handle_written(size)); });
}

int32_t PLIMSOLL_EXPORT(plimsoll_handle_timeout)(int32_t client, double now) {
  return tell(client, now,
              [](HostedClient& found, Instant at) { found.client().handle_timeout(at); });
}

// ---- What the client has to say

int32_t PLIMSOLL_EXPORT(plimsoll_poll_action)(int32_t client) {
  return with(client, [](HostedClient& found) -> int32_t {
    const std::optional<Action> action = found.poll_action();
    if (!action) return plimsoll_action_none;
    return action->kind == Action::Kind::open ? plimsoll_action_open : plimsoll_action_close;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_poll_transmit)(int32_t client) {
  return with(client, [](HostedClient& found) -> int32_t {
    std::array<std::string_view, plimsoll_spans_max> spans;
    const Result<std::size_t> count = found.poll_transmit(spans);
    if (!count) return refuse(count.error());
    show_spans(std::span(spans).first(*count));
    return static_cast<int32_t>(*count);
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_poll_event)(int32_t client) {
  return with(client, [](HostedClient& found) -> int32_t {
    const std::optional<Event> event = found.poll_event();
    if (!event) return plimsoll_event_none;
    outbox().tag = static_cast<std::uint32_t>(event->tag);
    outbox().has_value = event->value.has_value() ? 1 : 0;
    if (event->error != nullptr) note(*event->error);
    return to_abi(event->kind);
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_poll_node)(int32_t client) {
  return with(client, [](HostedClient& found) {
    const Node* const node = found.poll_node();
    if (node != nullptr) outbox().node = to_abi(*node);
    return node != nullptr ? 1 : 0;
  });
}

double PLIMSOLL_EXPORT(plimsoll_poll_timeout)(int32_t client) {
  return with(client, [](HostedClient& found) -> double {
    return to_milliseconds(found.client().poll_timeout());
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_client_statistics)(int32_t client) {
  return tell(client, [](HostedClient& found) {
    outbox().client_statistics = to_abi(found.client().statistics());
  });
}
