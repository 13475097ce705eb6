#include "plimsoll/tests/sim/group/server_info.h"

#include <array>
#include <cinttypes>
#include <cstdio>

#include "plimsoll/tests/sim/group/places.h"

namespace plimsoll::sim {
namespace {

constexpr std::string_view no_history = "0000000000000000000000000000000000000000";

std::string line(std::string_view name, std::string_view value) {
  std::string text(name);
  text += ':';
  text += value;
  return text + "\r\n";
}

std::string line(std::string_view name, std::uint64_t value) {
  return line(name, std::string_view(std::to_string(value)));
}

// INFO is a verbatim string.
std::string reply_of(const std::string& text) {
  return '=' + std::to_string(text.size() + 4) + "\r\ntxt:" + text + "\r\n";
}

std::string replica_line(std::size_t index, const ReplicationInfo::Replica& replica) {
  std::string value = "ip=" + replica.host + ",port=" + std::string(group_port) + ",state=";
  value += replica.is_online ? "online" : "send_bulk";
  value += ",offset=" + std::to_string(replica.offset) + ",lag=0,type=replica";
  return line("slave" + std::to_string(index), value);
}

}  // namespace

std::string info_reply(const ReplicationInfo& info) {
  const bool is_replica = !info.primary_host.empty();
  std::string text = "# Replication\r\n";
  text += line("role", std::string_view(is_replica ? "slave" : "master"));
  if (is_replica) {
    text += line("master_host", info.primary_host);
    text += line("master_port", group_port);
    text += line("master_link_status", std::string_view(info.is_link_up ? "up" : "down"));
    text += line("master_last_io_seconds_ago", std::string_view(info.is_link_up ? "0" : "-1"));
    text += line("master_sync_in_progress", std::uint64_t{0});
    text += line("slave_read_repl_offset", info.offset);
    text += line("slave_repl_offset", info.offset);
    text += line("slave_priority", std::uint64_t{100});
    text += line("slave_read_only", std::uint64_t{1});
  }
  text += line("connected_slaves", info.replicas.size());
  for (std::size_t i = 0; i < info.replicas.size(); ++i) text += replica_line(i, info.replicas[i]);
  text += line("master_failover_state", "no-failover");
  text += line("master_replid", info.history);
  text += line("master_replid2", no_history);
  text += line("master_repl_offset", info.offset);
  return reply_of(text);
}

std::string info_reply(std::string_view zone) {
  return reply_of("# Server\r\n" + line("valkey_version", "8.0.1") +
                  line("availability_zone", zone));
}

std::string history_name(std::size_t server, std::uint64_t count) {
  std::array<char, no_history.size() + 1> text;
  std::snprintf(text.data(), text.size(), "%020" PRIx64 "%020" PRIx64,
                static_cast<std::uint64_t>(server) + 1, count);
  return text.data();
}

}  // namespace plimsoll::sim
