#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/wasm/abi.h"
#include "plimsoll/wasm/door.h"
#include "plimsoll/wasm/transaction.h"
#include "plimsoll/wasm/translate.h"

// The calls of abi.h about requests, and about side connections.

namespace plimsoll::wasm {
namespace {

Duration to_staleness(double staleness) {
  return staleness < 0 ? cache::any_staleness : to_duration(staleness);
}

// Writes the id of the request that was just staged to the outbox, or refuses the call.
std::int32_t answer_request(const HostedClient& client, const Status& status) {
  if (!status) return refuse(status.error());
  outbox().request[0] = request_ids::low_word(client.last_request());
  outbox().request[1] = request_ids::high_word(client.last_request());
  return 0;
}

// Calls `look_up(served, area, nodes)` and writes what it found to the outbox. False: it found
// nothing.
template <class LookUp>
bool report_found(const HostedClient& client, LookUp&& look_up) {
  std::uint32_t nodes = 0;
  Area area(outbox().area);
  if (!look_up(instance().line().served, area, nodes)) return false;
  outbox().nodes_count = nodes;
  outbox().more = client.more();
  return true;
}

bool look_up_key(HostedClient& client, std::string_view key, Duration max_staleness, Instant now) {
  return report_found(client, [&](Served& served, Area& area, std::uint32_t& nodes) {
    return served.look_up_key(client, key, max_staleness, now, area, nodes);
  });
}

// Returns GET of one key, without a search in the command table.
CommandView get_of(const std::string_view& key) {
  CommandView command;
  command.head = "*2\r\n$3\r\nGET\r\n";
  command.head_kind = CommandView::Head::counted;
  command.effect = CommandView::Effect::read;
  command.row = commands::row_numbers::get;
  command.args = {&key, 1};
  return command;
}

std::int32_t submit(HostedClient& client, const CommandView& command, std::uint32_t tag,
                    double timeout, Duration max_staleness, Instant now) {
  const Result<PlimsollOutcome> outcome =
      client.submit(command, tag, to_timeout(timeout), max_staleness, now);
  if (!outcome) return refuse(outcome.error());
  outbox().outcome = *outcome;
  return answer_request(client, {});
}

// Calls `call` with the client and the staged command. Returns its answer.
template <class Call>
std::int32_t with_command(std::int32_t client, std::uint32_t count, Call&& call) {
  const TakesStaged takes;
  return with(client, [&](HostedClient& found) {
    const auto words = takes.staging.words(count);
    if (!words) return refuse(words.error());
    const Result<CommandView> command = commands::prepare(*words);
    return command ? call(found, *command) : refuse(command.error());
  });
}

template <class Call>
std::int32_t with_words(std::int32_t client, std::uint32_t count, double timeout, double now,
                        Call&& call) {
  if (!is_timeout(timeout)) return refuse_time();
  const TakesStaged takes;
  return notify(client, now, [&](HostedClient& found, Instant at) {
    const auto words = takes.staging.words(count);
    return words ? call(found, *words, at) : refuse(words.error());
  });
}

template <class Call>
std::int32_t with_key(std::int32_t client, std::uint32_t size, double timeout, double now,
                      Call&& call) {
  if (!is_timeout(timeout)) return refuse_time();
  const TakesStaged takes;
  return notify(client, now, [&](HostedClient& found, Instant at) {
    const Result<std::string_view> key = takes.staging.word(size);
    return key ? call(found, *key, at) : refuse(key.error());
  });
}

}  // namespace
}  // namespace plimsoll::wasm

using namespace plimsoll;
using namespace plimsoll::wasm;

int32_t PLIMSOLL_EXPORT(plimsoll_submit)(int32_t client, uint32_t count, uint32_t tag,
                                         double timeout, double staleness, double now) {
  if (!is_timeout(staleness)) return refuse_time();
  return with_words(client, count, timeout, now,
                    [&](HostedClient& found, std::span<const std::string_view> words, Instant at) {
                      const Duration age_max = to_staleness(staleness);
                      outbox().outcome = plimsoll_outcome_served;
                      const auto look_up = [&](Served& served, Area& area, std::uint32_t& nodes) {
                        return served.look_up(found, words, age_max, at, area, nodes);
                      };
                      if (report_found(found, look_up)) return 0;
                      const Result<CommandView> command = commands::prepare(words);
                      if (!command) return refuse(command.error());
                      return submit(found, *command, tag, timeout, age_max, at);
                    });
}

int32_t PLIMSOLL_EXPORT(plimsoll_submit_get)(int32_t client, uint32_t size, uint32_t tag,
                                             double timeout, double staleness, double now) {
  if (!is_timeout(staleness)) return refuse_time();
  return with_key(client, size, timeout, now,
                  [&](HostedClient& found, std::string_view key, Instant at) {
                    const Duration age_max = to_staleness(staleness);
                    outbox().outcome = plimsoll_outcome_served;
                    if (look_up_key(found, key, age_max, at)) return 0;
                    return submit(found, get_of(key), tag, timeout, age_max, at);
                  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_submit_admitted)(int32_t client, uint32_t count, uint32_t tag) {
  return with_command(client, count, [tag](HostedClient& found, const CommandView& command) {
    return answer_request(found, found.submit_admitted(command, tag));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_lookup)(int32_t client, uint32_t size, double now) {
  return with_key(client, size, 0, now, [](HostedClient& found, std::string_view key, Instant at) {
    return look_up_key(found, key, cache::any_staleness, at) ? 1 : 0;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_prove)(int32_t client, uint32_t tag, double timeout, double now) {
  if (!is_timeout(timeout)) return refuse_time();
  return notify(client, now, [&](HostedClient& found, Instant at) {
    return answer_request(found, found.prove(tag, to_timeout(timeout), at));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_submit_transaction)(int32_t client, uint32_t commands,
                                                     uint32_t count, uint32_t tag, double timeout,
                                                     double now) {
  if (!is_timeout(timeout)) return refuse_time();
  const TakesStaged takes;
  return notify(client, now, [&](HostedClient& found, Instant at) {
    const Result<Staging::Parts> staged = takes.staging.words_in_parts(commands, count);
    if (!staged) return refuse(staged.error());
    Result<Transaction> transaction = Transaction::of(*staged, found.client().requests_account());
    if (!transaction) return refuse(transaction.error());
    // A transaction does not wait for room: the host would have to stage the words of many commands
    // twice.
    return answer_request(found, found.stage(transaction->command(), tag, to_timeout(timeout), at));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_cancel)(int32_t client, uint32_t request_low,
                                         uint32_t request_high, double now) {
  return with(client, now, [&](HostedClient& found, Instant at) {
    return answer(found.cancel(request_ids::of_words(request_high, request_low), at));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_open_exclusive)(int32_t client, double now) {
  return notify(client, now,
                [](HostedClient& found, Instant at) { return answer(found.open_exclusive(at)); });
}

int32_t PLIMSOLL_EXPORT(plimsoll_submit_to)(int32_t client, uint32_t connection, uint32_t count,
                                            uint32_t tag, double timeout, double now) {
  return with_words(client, count, timeout, now,
                    [&](HostedClient& found, std::span<const std::string_view> words, Instant at) {
                      const Result<CommandView> command = commands::prepare(words);
                      if (!command) return refuse(command.error());
                      return answer_request(found, found.submit_to(connection, *command, tag,
                                                                   to_timeout(timeout), at));
                    });
}

int32_t PLIMSOLL_EXPORT(plimsoll_release)(int32_t client, uint32_t connection, double now) {
  return notify(client, now, [connection](HostedClient& found, Instant at) {
    return answer(found.release(connection, at));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_open_subscription)(int32_t client, double now) {
  return notify(client, now, [](HostedClient& found, Instant at) {
    return answer(found.open_subscription(at));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_subscribe)(int32_t client, uint32_t connection, uint32_t kind,
                                            uint32_t count, uint32_t tag, double timeout,
                                            double now) {
  return with_words(client, count, timeout, now,
                    [&](HostedClient& found, std::span<const std::string_view> names, Instant at) {
                      return answer_request(
                          found, found.subscribe(HostedClient::Subscribe::begin, connection, kind,
                                                 names, tag, to_timeout(timeout), at));
                    });
}

int32_t PLIMSOLL_EXPORT(plimsoll_unsubscribe)(int32_t client, uint32_t connection, uint32_t kind,
                                              uint32_t count, uint32_t tag, double timeout,
                                              double now) {
  return with_words(client, count, timeout, now,
                    [&](HostedClient& found, std::span<const std::string_view> names, Instant at) {
                      return answer_request(
                          found, found.subscribe(HostedClient::Subscribe::end, connection, kind,
                                                 names, tag, to_timeout(timeout), at));
                    });
}

int32_t PLIMSOLL_EXPORT(plimsoll_next_messages)(int32_t client, uint32_t connection,
                                                uint32_t messages_max, uint32_t tag, double timeout,
                                                double now) {
  if (!is_timeout(timeout)) return refuse_time();
  return notify(client, now, [&](HostedClient& found, Instant at) {
    return answer_request(
        found, found.next_messages(connection, messages_max, tag, to_timeout(timeout), at));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_close_subscription)(int32_t client, uint32_t connection,
                                                     double now) {
  return notify(client, now, [connection](HostedClient& found, Instant at) {
    return answer(found.close_subscription(connection, at));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_subscription_statistics)(int32_t client, uint32_t connection) {
  return with(client, [connection](HostedClient& found) {
    const Result<SubscriptionStatistics> statistics = found.subscription_statistics(connection);
    if (!statistics) return refuse(statistics.error());
    outbox().statistics.subscription = to_abi(*statistics);
    return 0;
  });
}
