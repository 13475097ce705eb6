#include <array>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/cluster/node_choice.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/wasm/abi.h"
#include "plimsoll/wasm/door.h"
#include "plimsoll/wasm/misuse.h"
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

using Deferred = Staging::Deferred;

// Whether the words that the host has deferred may be: nothing on the way to the request log reads
// them. Without a row the command's keys are unknown, so a cache might look at any word.
bool may_defer(const HostedClient& client, const CommandView& command) {
  if (command.effect == CommandView::Effect::read) return false;
  if (command.row == 0) return !client.has_cache();
  bool keys_are_whole = true;
  const Status found =
      commands::keys_of(command.args, [&](std::string_view key, commands::KeyAccess) {
        keys_are_whole = keys_are_whole && !is_deferred(key);
      });
  return found && keys_are_whole;
}

// The client's request_timeout counts from the end of a command's own wait; a timeout of the call
// bounds both together. Only whether block_time is 0 matters to the core besides the deadline.
CommandView bounded(CommandView command, double timeout) {
  if (timeout > 0 && command.block_time != Duration::zero()) command.block_time = Duration(1);
  return command;
}

std::int32_t submit(HostedClient& client, const CommandView& command, std::uint32_t tag,
                    double timeout, Duration max_staleness, Instant now) {
  const Result<PlimsollOutcome> outcome =
      client.submit(bounded(command, timeout), tag, to_timeout(timeout), max_staleness, now);
  if (!outcome) return refuse(outcome.error());
  outbox().outcome = *outcome;
  return answer_request(client, {});
}

// Calls `call`, which stages `command`, some of whose words may be deferred. Returns its answer.
template <class Call>
std::int32_t with_deferred(HostedClient& client, const CommandView& command, Call&& call) {
  outbox().outcome = plimsoll_outcome_staged;
  const std::size_t deferred = instance().line().staging.deferred_bytes();
  if (const Status begun = client.begin_deferred(command, deferred); !begun) {
    return refuse(begun.error());
  }
  const std::int32_t answer = call(command);
  if (answer < 0 || outbox().outcome != plimsoll_outcome_staged) client.forget_deferred();
  return answer;
}

// The same with a command of staged words.
template <class Call>
std::int32_t with_prepared(HostedClient& client, const Result<CommandView>& command, Call&& call) {
  if (!command) return refuse(command.error());
  const bool has_deferred = instance().line().staging.deferred_bytes() > 0;
  if (has_deferred && !may_defer(client, *command)) {
    outbox().outcome = plimsoll_outcome_whole;
    return 0;
  }
  return with_deferred(client, *command, std::forward<Call>(call));
}

// The same with a transaction of so many commands, which have `count` words.
template <class Call>
std::int32_t with_transaction(HostedClient& client, const TakesStaged& takes,
                              std::uint32_t commands, std::uint32_t count, Call&& call) {
  const Result<Staging::Parts> staged =
      takes.staging.words_in_parts(commands, count, Deferred::taken);
  if (!staged) return refuse(staged.error());
  const Result<Transaction> transaction = Transaction::of(*staged);
  if (!transaction) return refuse(transaction.error());
  ArgumentList behind_multi;
  return with_deferred(client, transaction->request(behind_multi), std::forward<Call>(call));
}

template <class Call>
std::int32_t with_words(std::int32_t client, std::uint32_t count, double timeout, double now,
                        Deferred deferred, Call&& call) {
  if (!is_timeout(timeout)) return refuse_time();
  const TakesStaged takes;
  return notify(client, now, [&](HostedClient& found, Instant at) {
    const auto words = takes.staging.words(count, deferred);
    return words ? call(found, *words, at) : refuse(words.error());
  });
}

// Takes what belongs to `where` from the front of the words.
Result<NodeChoice> take_choice(std::uint32_t where, std::span<const std::string_view>& words) {
  if (where > static_cast<std::uint32_t>(NodeChoice::Kind::address)) {
    return misuse("no such choice of nodes", where);
  }
  NodeChoice choice{.kind = static_cast<NodeChoice::Kind>(where)};
  const bool is_by_key = choice.kind == NodeChoice::Kind::owner;
  if (!is_by_key && choice.kind != NodeChoice::Kind::address) return choice;
  if (words.empty() || is_deferred(words.front())) return misuse("the node's word is missing");
  is_by_key ? void(choice.slot = slot_of_key(words.front())) : void(choice.address = words.front());
  words = words.subspan(1);
  return choice;
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
  return with_words(client, count, timeout, now, Deferred::taken,
                    [&](HostedClient& found, std::span<const std::string_view> words, Instant at) {
                      const Duration age_max = to_staleness(staleness);
                      outbox().outcome = plimsoll_outcome_served;
                      const auto look_up = [&](Served& served, Area& area, std::uint32_t& nodes) {
                        return served.look_up(found, words, age_max, at, area, nodes);
                      };
                      const bool is_whole = instance().line().staging.deferred_bytes() == 0;
                      if (is_whole && report_found(found, look_up)) return 0;
                      return with_prepared(
                          found, commands::prepare(words), [&](const CommandView& command) {
                            return submit(found, command, tag, timeout, age_max, at);
                          });
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

int32_t PLIMSOLL_EXPORT(plimsoll_submit_admitted)(int32_t client, uint32_t commands, uint32_t count,
                                                  uint32_t tag) {
  const TakesStaged takes;
  return with(client, [&](HostedClient& found) {
    const auto submit = [&](const CommandView& command) {
      return answer_request(found, found.submit_admitted(command, tag));
    };
    if (commands > 0) return with_transaction(found, takes, commands, count, submit);
    const auto words = takes.staging.words(count, Deferred::taken);
    return words ? with_prepared(found, commands::prepare(*words), submit) : refuse(words.error());
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

int32_t PLIMSOLL_EXPORT(plimsoll_submit_transaction)(int32_t client, uint32_t connection,
                                                     uint32_t commands, uint32_t count,
                                                     uint32_t tag, double timeout, double now) {
  if (!is_timeout(timeout)) return refuse_time();
  const TakesStaged takes;
  return notify(client, now, [&](HostedClient& found, Instant at) {
    return with_transaction(found, takes, commands, count, [&](const CommandView& request) {
      if (connection == 0) return submit(found, request, tag, timeout, cache::any_staleness, at);
      return answer_request(found,
                            found.submit_to(connection, request, tag, to_timeout(timeout), at));
    });
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_staged_places)(int32_t client, size_t offset, size_t size) {
  return with(client, [&](HostedClient& found) {
    std::array<std::string_view, plimsoll_spans_max> places;
    const Result<std::size_t> count = found.staged_places(offset, size, places);
    if (!count) return refuse(count.error());
    show_spans(std::span(places).first(*count));
    return static_cast<std::int32_t>(*count);
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_key_places)(uint32_t count) {
  const TakesStaged takes;
  const auto words = takes.staging.words(count);
  if (!words) return refuse(words.error());
  const commands::Row* const row = commands::find(*words);
  if (row == nullptr) {
    return refuse({.code = ErrorCode::refused_command,
                   .what = "where the keys of this command are is not known",
                   .expected = "a command of the server itself"});
  }
  const Result<commands::KeyRanges> found = commands::key_ranges(*row, *words);
  if (!found) return refuse(found.error());
  double* place = outbox().area;
  for (const commands::KeyRange& range : std::span(found->ranges).first(found->count)) {
    for (const std::size_t number : {range.first, range.step, range.count}) {
      *place++ = static_cast<double>(number);
    }
  }
  const bool fixed = row->name_words() == 1 && commands::keys_are_fixed(*row);
  return static_cast<std::int32_t>(found->count) + (fixed ? plimsoll_places_fixed : 0);
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
  return with_words(
      client, count, timeout, now, Deferred::taken,
      [&](HostedClient& found, std::span<const std::string_view> words, Instant at) {
        return with_prepared(
            found, commands::prepare_exclusive(words), [&](const CommandView& command) {
              return answer_request(found, found.submit_to(connection, bounded(command, timeout),
                                                           tag, to_timeout(timeout), at));
            });
      });
}

int32_t PLIMSOLL_EXPORT(plimsoll_submit_at)(int32_t client, uint32_t where, uint32_t count,
                                            uint32_t tag, double timeout, double now) {
  return with_words(
      client, count, timeout, now, Deferred::taken,
      [&](HostedClient& found, std::span<const std::string_view> words, Instant at) {
        const Result<NodeChoice> choice = take_choice(where, words);
        if (!choice) return refuse(choice.error());
        return with_prepared(found, commands::prepare(words), [&](const CommandView& command) {
          return answer_request(found,
                                found.submit_at(*choice, command, tag, to_timeout(timeout), at));
        });
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
  return with_words(client, count, timeout, now, Deferred::refused,
                    [&](HostedClient& found, std::span<const std::string_view> names, Instant at) {
                      return answer_request(
                          found, found.subscribe(HostedClient::Subscribe::begin, connection, kind,
                                                 names, tag, to_timeout(timeout), at));
                    });
}

int32_t PLIMSOLL_EXPORT(plimsoll_unsubscribe)(int32_t client, uint32_t connection, uint32_t kind,
                                              uint32_t count, uint32_t tag, double timeout,
                                              double now) {
  return with_words(client, count, timeout, now, Deferred::refused,
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
