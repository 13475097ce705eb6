#include "plimsoll/native/bridge/metrics_text.h"

#include <string_view>
#include <utility>

#include <openssl/crypto.h>

#include "plimsoll/core/session/version.h"

namespace plimsoll::bridge {
namespace {

using native::metric_labels;
using native::MetricDescription;
using native::MetricLabel;
using native::MetricType;

constexpr MetricType gauge = MetricType::gauge;
constexpr MetricType counter = MetricType::counter;
constexpr MetricType histogram = MetricType::histogram;

struct GaugeRow {
  std::string_view name;
  std::string_view help;
  std::uint64_t (*value)(const Measured& measured);
};

constexpr GaugeRow gauge_rows[] = {
    {"connections", "TCP connections of clients now",
     [](const Measured& all) -> std::uint64_t { return all.connections; }},
    {"half_open_connections", "Connections now without a whole request, or refused",
     [](const Measured& all) { return all.counters.total().half_open; }},
    {"relays", "Open WebSockets now",
     [](const Measured& all) { return all.counters.total().relays; }},
    {"memory_limit_bytes", "The memory limit",
     [](const Measured& all) -> std::uint64_t { return all.memory.limit; }},
    {"memory_used_bytes", "Memory in use",
     [](const Measured& all) -> std::uint64_t { return all.memory.used; }},
    {"memory_peak_bytes", "The most memory in use so far",
     [](const Measured& all) -> std::uint64_t { return all.memory.peak; }},
};

struct PoolRow {
  std::string_view name;
  MetricType type;
  std::string_view help;
  std::uint64_t (*value)(const PoolStatistics& pool);
};

constexpr PoolRow pool_rows[] = {
    {"pool_limit_bytes", gauge, "The pool's limit in force",
     [](const PoolStatistics& pool) -> std::uint64_t { return pool.limit; }},
    {"pool_used_bytes", gauge, "Bytes charged to the pool",
     [](const PoolStatistics& pool) -> std::uint64_t { return pool.used; }},
    {"pool_refused_total", counter, "Charges that the pool refused",
     [](const PoolStatistics& pool) { return pool.refused; }},
};

// Which clients a counter can tell apart: those of each profile, too, or only all together.
enum class Of : std::uint8_t { profiles, all };

struct CounterRow {
  std::uint64_t Counters::* value;
  Of of;
  std::string_view name;
  std::string_view help;
};

constexpr CounterRow counter_rows[] = {
    {&Counters::connections_accepted, Of::all, "connections_accepted_total",
     "TCP connections of clients"},
    {&Counters::refused_handshakes, Of::all, "refused_handshakes_total",
     "Requests that were refused"},
    {&Counters::pages, Of::all, "pages_total", "Requests for pages that were answered"},
    {&Counters::page_bytes, Of::all, "page_bytes_total", "Bytes of pages"},
    {&Counters::upgrades, Of::profiles, "upgrades_total", "WebSockets that were admitted"},
    {&Counters::upstream_failures, Of::profiles, "upstream_failures_total",
     "Connections to servers that failed"},
    {&Counters::upstream_losses, Of::profiles, "upstream_losses_total",
     "Connections that servers ended"},
    {&Counters::bytes_from_clients, Of::profiles, "received_bytes_total",
     "Bytes of messages of clients"},
    {&Counters::bytes_to_clients, Of::profiles, "sent_bytes_total", "Bytes of RESP to clients"},
    {&Counters::commands_allowed, Of::profiles, "commands_allowed_total", "Commands that passed"},
    {&Counters::commands_refused, Of::profiles, "commands_refused_total",
     "Commands that were refused"},
    {&Counters::stalls, Of::profiles, "stalls_total",
     "Times that a client without credit had replies waiting"},
    {&Counters::stalled_cuts, Of::profiles, "stalled_cuts_total",
     "Clients that were disconnected for not reading"},
    {&Counters::silent_cuts, Of::profiles, "silent_cuts_total",
     "Clients that were disconnected for not answering pings"},
    {&Counters::paced, Of::profiles, "paced_total",
     "Times that a client had to wait for its rate of commands"},
    {&Counters::held_back, Of::profiles, "held_back_total",
     "Times that a request had to wait for replies to earlier ones"},
    {&Counters::out_of_memory, Of::profiles, "out_of_memory_total",
     "Connections that were refused or ended because there was no memory"},
    {&Counters::dropped_half_open, Of::all, "dropped_half_open_total",
     "Connections without a whole request that made room for others"},
};

struct SharedRow {
  std::uint64_t SharedCounters::* value;
  MetricType type;
  std::string_view name;
  std::string_view help;
};

constexpr SharedRow shared_rows[] = {
    {&SharedCounters::clients, gauge, "shared_clients",
     "Clients of the bridge's own now: in each thread one for each user and version of RESP"},
    {&SharedCounters::sessions, gauge, "shared_sessions",
     "WebSockets now whose requests go through these clients"},
    {&SharedCounters::channels, gauge, "shared_channels",
     "Channels and patterns that these clients have subscribed to now"},
    {&SharedCounters::messages, counter, "shared_messages_total",
     "Messages of channels that WebSockets got"},
    {&SharedCounters::requests, counter, "shared_requests_total",
     "Requests that these clients were given"},
    {&SharedCounters::answered_locally, counter, "shared_answered_locally_total",
     "Commands that the bridge answered itself, because they concern the connection alone"},
    {&SharedCounters::dropped, counter, "shared_dropped_total",
     "WebSockets that were ended because of the replies that they did not take"},
    {&SharedCounters::in_doubt, counter, "shared_in_doubt_total",
     "Requests that ended with -INDOUBT: the server may have run them"},
    {&SharedCounters::cache_hits, counter, "shared_cache_hits_total",
     "Reads that the cache answered"},
    {&SharedCounters::cache_misses, counter, "shared_cache_misses_total",
     "Reads that could have been cached, and were not"},
    {&SharedCounters::cache_invalidations, counter, "shared_cache_invalidations_total",
     "Entries that were dropped because their keys had changed"},
    {&SharedCounters::cache_entries, gauge, "shared_cache_entries", "Entries of the cache now"},
    {&SharedCounters::cache_bytes, gauge, "shared_cache_bytes", "Bytes that the cache takes now"},
    {&SharedCounters::tracking_sessions, gauge, "shared_tracking_sessions",
     "WebSockets now that keep what they have read (CLIENT TRACKING)"},
    {&SharedCounters::tracked_keys, gauge, "shared_tracked_keys",
     "Keys that they keep now, counted once for each WebSocket"},
    {&SharedCounters::tracked_invalidations, counter, "shared_tracked_invalidations_total",
     "Messages to WebSockets that a key which they kept has changed"},
    {&SharedCounters::tracked_flushes, counter, "shared_tracked_flushes_total",
     "Messages to WebSockets that all keys may have changed"},
    {&SharedCounters::tracked_unkept, counter, "shared_tracked_unkept_total",
     "Replies that WebSockets were told not to keep, since the cache has not kept them"},
    {&SharedCounters::tracking_away, gauge, "shared_tracking_away",
     "Clients now that kept what they had read, have lost their WebSocket, and may come back"},
    {&SharedCounters::tracking_resumed, counter, "shared_tracking_resumed_total",
     "Clients that came back, and were told what they had missed"},
    {&SharedCounters::tracking_not_resumed, counter, "shared_tracking_not_resumed_total",
     "Clients that came back too late, or had missed too much, and had to begin anew"},
};

// A profile's label, formatted once for all its samples.
struct ShownProfile {
  std::string labels;
  ProfileCounters counters;
};

ShownProfile show(std::string_view name, const ProfileCounters& counters) {
  const MetricLabel label[] = {{"profile", name}};
  return {metric_labels(label), counters};
}

std::vector<ShownProfile> shown_profiles(const ServerCounters& counters) {
  std::vector<ShownProfile> shown;
  ProfileCounters others;
  for (const auto& [name, profile] : counters.profiles()) {
    if (shown.size() < metrics_profiles_max) {
      shown.push_back(show(name, profile));
    } else {
      others.add(profile);
    }
  }
  if (counters.profiles().size() > shown.size()) shown.push_back(show(other_profiles, others));
  return shown;
}

// 0 is no status: the client got no answer.
std::string code_text(unsigned code) { return code == 0 ? "none" : std::to_string(code); }

// Writes the text, and collects the metrics' descriptions on the way.
class Writer {
 public:
  explicit Writer(const Measured& measured)
      : all_(measured), profiles_(shown_profiles(measured.counters)) {}

  void write() {
    write_build();
    for (const GaugeRow& row : gauge_rows) {
      begin(row.name, gauge, row.help, "");
      out_.add({}, row.value(all_));
    }
    write_pools();
    const Counters total = all_.counters.total();
    for (const CounterRow& row : counter_rows) {
      begin(row.name, counter, row.help, "");
      out_.add({}, total.*row.value);
    }
    begin("status_refused_total", counter,
          "Connections to the status pages that were closed because there were too many", "");
    out_.add({}, all_.status_refused);
    begin("log_lines_lost_total", counter,
          "Lines of the logs that were left out or cut, because nobody read them, or the disk was "
          "full",
          "");
    out_.add({}, all_.log_lines_lost);
    write_profiles();
    write_requests();
    write_codes();
    write_upstreams();
    write_shared();
    begin("handshake_seconds", histogram,
          "From a client's connection until it has its WebSocket: TLS, the request, and the "
          "connection to the server",
          "");
    out_.add({}, all_.counters.handshakes);
  }

  std::string take_text() { return std::move(text_); }
  std::vector<MetricDescription> take_descriptions() { return std::move(descriptions_); }

 private:
  void begin(std::string_view name, MetricType type, std::string_view help,
             std::string_view labels) {
    name_.assign("plimsoll_bridge_").append(name);
    out_.begin(name_, type, help);
    descriptions_.push_back(
        {.name = name_, .type = type, .help = std::string(help), .labels = std::string(labels)});
  }

  void write_build() {
    begin("build_info", gauge, "1; the labels are the versions of the bridge and of its OpenSSL",
          "version, openssl");
    const MetricLabel labels[] = {{"version", library_version},
                                  {"openssl", ::OpenSSL_version(OPENSSL_VERSION_STRING)}};
    out_.add(metric_labels(labels), 1);
  }

  void write_pools() {
    for (const PoolRow& row : pool_rows) {
      begin(row.name, row.type, row.help, "pool");
      for (std::size_t i = 0; i < all_.memory.pools.size(); ++i) {
        const MetricLabel label[] = {{"pool", plimsoll::name(static_cast<PoolKind>(i))}};
        out_.add(metric_labels(label), row.value(all_.memory.pools[i]));
      }
    }
  }

  void write_profiles() {
    begin("profile_connections", gauge,
          "Clients of the profile that have a WebSocket, or are about to get one", "profile");
    for (const ShownProfile& each : profiles_) out_.add(each.labels, each.counters.connections);
    begin("profile_relays", gauge, "Open WebSockets of the profile now", "profile");
    for (const ShownProfile& each : profiles_) out_.add(each.labels, each.counters.done.relays);
    for (const CounterRow& row : counter_rows) {
      if (row.of == Of::all) continue;
      begin("profile_" + std::string(row.name), counter, row.help, "profile");
      for (const ShownProfile& each : profiles_) {
        out_.add(each.labels, each.counters.done.*row.value);
      }
    }
  }

  void write_requests() {
    begin("request_seconds", histogram,
          "From when a request went to the server until its reply had come; requests that block, "
          "too",
          "profile");
    for (const ShownProfile& each : profiles_) {
      out_.add(each.labels, each.counters.done.request_times);
    }
  }

  void write_codes() {
    begin("handshakes_total", counter,
          "Answers to requests for a WebSocket, by HTTP status; 101: admitted, none: no answer",
          "profile, status");
    const ShownProfile nobody = show(no_profile, all_.counters.nobody());
    write_counts("status", counted_statuses, nobody, nobody.counters.handshakes.counts());
    for (const ShownProfile& each : profiles_) {
      write_counts("status", counted_statuses, each, each.counters.handshakes.counts());
    }
    begin("closes_total", counter,
          "WebSockets that have ended, by close code; 1005: the client gave none, 1006: no close",
          "profile, code");
    for (const ShownProfile& each : profiles_) {
      write_counts("code", counted_closes, each, each.counters.closes.counts());
    }
  }

  template <class Codes, class Counts>
  void write_counts(std::string_view label, const Codes& codes, const ShownProfile& profile,
                    const Counts& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const std::string code = i < codes.size() ? code_text(codes[i]) : "other";
      const MetricLabel labels[] = {{label, code}};
      out_.add(profile.labels + "," + metric_labels(labels), counts[i]);
    }
  }

  void write_upstreams() {
    begin("dial_failures_total", counter, "Connections to the server that could not be made",
          "upstream");
    for (const auto& [name, upstream] : all_.counters.upstreams()) {
      out_.add(label_of_upstream(name), upstream.failures);
    }
    begin("dial_seconds", histogram,
          "How long it took until a connection to the server was ready, login included",
          "upstream");
    for (const auto& [name, upstream] : all_.counters.upstreams()) {
      out_.add(label_of_upstream(name), upstream.dials);
    }
  }

  void write_shared() {
    for (const SharedRow& row : shared_rows) {
      begin(row.name, row.type, row.help, "upstream");
      for (const auto& [name, shared] : all_.shared) {
        out_.add(label_of_upstream(name), shared.*row.value);
      }
    }
  }

  static std::string label_of_upstream(std::string_view name) {
    const MetricLabel label[] = {{"upstream", name}};
    return metric_labels(label);
  }

  const Measured& all_;
  const std::vector<ShownProfile> profiles_;
  std::string text_;
  native::PrometheusText out_{text_};
  std::string name_;
  std::vector<MetricDescription> descriptions_;
};

}  // namespace

std::string metrics_text(const Measured& measured) {
  Writer writer(measured);
  writer.write();
  return writer.take_text();
}

std::vector<MetricDescription> metric_descriptions() {
  const ServerCounters nothing;
  const Measured measured{.counters = nothing, .memory = {}};
  Writer writer(measured);
  writer.write();
  return writer.take_descriptions();
}

}  // namespace plimsoll::bridge
