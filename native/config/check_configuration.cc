#include "plimsoll/native/config/check_configuration.h"

#include <initializer_list>
#include <string>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/line.h"
#include "plimsoll/memory.h"
#include "plimsoll/native/config/option_rows.h"
#include "plimsoll/native/driver/core_options.h"
#include "plimsoll/native/runtime/give_back_timer.h"
#include "plimsoll/statistics.h"

namespace plimsoll::inline v0::native::config {
namespace {

// More than any machine has. With "auto" the memory limit is not known until the container's limits
// have been read, so the shares are only checked against each other.
constexpr std::size_t any_line = std::size_t{1} << (sizeof(std::size_t) * 8 - 4);

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !is_word(text[at - 1]);
    const std::size_t end = at + word.size();
    if (begins && (end == text.size() || !is_word(text[end]))) return true;
  }
  return false;
}

// Whether an error text of the core mentions an option.
bool is_of(std::string_view text, const OptionRow& row) {
  if (has_word(text, row.key)) return true;
  if (row.key == "client.url") return has_word(text, "address");
  // In a text about the client or the cache, "request_timeout" is client.request_timeout.
  for (const std::string_view section : {"client.", "cache."}) {
    if (row.key.starts_with(section)) return has_word(text, row.key.substr(section.size()));
  }
  return false;
}

using Rows = std::initializer_list<std::span<const OptionRow>>;

// " (request_timeout: a.toml:3; ...)": the origins of the options that an error text of the core
// mentions.
std::string origins_in(std::string_view text, Rows parts, const Configuration& configuration) {
  std::string all;
  for (const std::span<const OptionRow> rows : parts) {
    for (const OptionRow& row : rows) {
      const auto said = configuration.origins.find(row.key);
      if (said == configuration.origins.end() || !is_of(text, row)) continue;
      all += (all.empty() ? " (" : "; ") + std::string(row.key) + ": " + said->second;
    }
  }
  return all.empty() ? all : all + ")";
}

void add(Draft& draft, std::string_view part, std::string_view text, Rows rows) {
  const std::string all(text);
  draft.add_problem(part, all + origins_in(text, rows, draft.configuration()));
}

void check_cache_fits(Draft& draft, const BudgetOptions& line) {
  const Configuration& all = draft.configuration();
  const std::size_t most = Line(*shares_of(line), line).most(PoolKind::cache) / 1024;
  if (all.cache.max_cache_kb <= most) return;
  draft.add_problem(origin(all, "cache.max_cache_kb") + ": cache.max_cache_kb",
                    "is " + std::to_string(all.cache.max_cache_kb) +
                        ", and the cache pool could never have more than " + std::to_string(most) +
                        "; expected less, or a higher memory_limit (" +
                        origin(all, "memory_limit") + ")");
}

void check_line(Draft& draft) {
  MemoryOptions memory = draft.configuration().memory;
  std::size_t line = memory_statistics().limit;
  if (line == 0) line = BudgetOptions().memory_limit;
  if (memory.memory_limit == "auto") {
    memory.memory_limit.clear();
    line = any_line;
  }
  const auto possible = detail::to_budget_options(memory, line);
  if (!possible) return add(draft, "memory", possible.error().text(), {memory_rows()});
  const auto settings = detail::to_give_back_settings(memory.give_back);
  if (!settings) add(draft, "memory", settings.error().text(), {memory_rows()});
  if (!draft.is_bad(cache_rows())) check_cache_fits(draft, *possible);
}

// Options::memory_limit is another way to set memory_limit.
void check_limits_agree(Draft& draft) {
  const Configuration& all = draft.configuration();
  const std::string& ours = all.memory.memory_limit;
  const std::string& theirs = all.client.memory_limit;
  if (theirs.empty() || ours.empty() || theirs == ours) return;
  const auto one = detail::read_amount("memory_limit", ours);
  const auto other = detail::read_amount("memory_limit", theirs);
  if (one && other && *one == *other) return;
  draft.add_problem("memory_limit", "is \"" + ours + "\" (" + origin(all, "memory_limit") +
                                        "), and \"" + theirs +
                                        "\" in the client's Options (program); expected one line "
                                        "for the whole process");
}

void check_client(Draft& draft) {
  const Configuration& all = draft.configuration();
  Target target{.endpoints = {Endpoint()}, .options = all.client};
  if (!all.url.empty()) {
    auto parsed = parse_url(all.url, all.client);
    if (!parsed) {
      const std::string text(parsed.error().text());
      const std::string key = text.starts_with("seeds: ") ? "client.seeds" : "client.url";
      return draft.add_problem(origin(all, key) + ": " + key, text);
    }
    target = *std::move(parsed);
  } else {
    // There is no URL yet. Assume one for which the token and the TLS options are valid.
    if (!all.client.token.empty()) target.endpoints.front().kind = Endpoint::Kind::websocket;
    target.options.tls.enabled = true;
    if (has_sentinel_options(all.client)) {
      target.primary_name = "primary";
      target.options.sentinel_tls.enabled = true;
    }
  }
  // A cache that exists was checked when it was created.
  target.options.client_side_cache = nullptr;
  if (const auto valid = validate(target); !valid) {
    add(draft, "client", valid.error().text(), {client_rows(), tls_rows(), sentinel_tls_rows()});
  }
}

void check_cache(Draft& draft) {
  const Configuration& all = draft.configuration();
  if (all.cache.max_cache_kb != 0) {
    const auto valid = validate(all.cache);
    if (!valid) add(draft, "cache", valid.error().text(), {cache_rows()});
    return;
  }
  if (all.origins.contains("cache.max_cache_kb")) return;  // switched off on purpose
  for (const OptionRow& row : cache_rows()) {
    const auto said = all.origins.find(row.key);
    if (said == all.origins.end() || section_of(row) != "cache") continue;
    return draft.add_problem(
        said->second + ": " + std::string(row.key),
        "is for a cache, and there is none; expected cache.max_cache_kb, the KiB that it may take");
  }
}

}  // namespace

void check_configuration(Draft& draft) {
  if (!draft.is_bad(memory_rows())) {
    check_line(draft);
    check_limits_agree(draft);
  }
  if (!draft.is_bad(client_rows()) && !draft.is_bad(tls_rows()) &&
      !draft.is_bad(sentinel_tls_rows())) {
    check_client(draft);
  }
  if (!draft.is_bad(cache_rows())) check_cache(draft);
}

}  // namespace plimsoll::inline v0::native::config
