#include "plimsoll/tests/core/client/model_walk.h"

#include <algorithm>
#include <vector>

namespace plimsoll::testing {
namespace {

constexpr unsigned long buckets = 64;

std::string bulk_of(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

// Keys of one slot are in several buckets.
unsigned long bucket_of(const ModelNode& node, std::string key) {
  std::replace(key.begin(), key.end(), '{', '(');
  return model_slot_of(key + node.id) % buckets;
}

std::string scan(const ModelNode& node, const Words& words) {
  unsigned long count = 10;
  for (std::size_t i = 2; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return "-ERR syntax error\r\n";
    if (words[i] == "COUNT") count = std::stoul(words[i + 1]);
  }
  const unsigned long begin = std::stoul(words.at(1));
  const unsigned long end = std::min(begin + count, buckets);
  std::string keys;
  std::size_t found = 0;
  for (const auto& [key, values] : node.data) {
    const unsigned long bucket = bucket_of(node, key);
    if (bucket < begin || bucket >= end) continue;
    keys += bulk_of(key);
    ++found;
  }
  return "*2\r\n" + bulk_of(std::to_string(end % buckets)) + "*" + std::to_string(found) + "\r\n" +
         keys;
}

std::string own_line(const ModelNode& node, NodeIndex number) {
  std::string line = node.id + " " + node.address() + "@1 myself," +
                     (node.replica_of ? "slave" : "master") + " - 0 0 " +
                     std::to_string(node.epoch) + " connected";
  for (unsigned begin = 0, end = 0; begin < model_slots_count; begin = end) {
    for (end = begin; end < model_slots_count && node.view[end] == number;) ++end;
    if (end > begin) line += " " + std::to_string(begin) + "-" + std::to_string(end - 1);
    end = std::max(end, begin + 1);
  }
  for (const auto& [slot, to] : node.migrating) line += " [" + std::to_string(slot) + "->-x]";
  for (const auto& [slot, from] : node.importing) line += " [" + std::to_string(slot) + "-<-x]";
  return line + "\n";
}

std::string counted(const std::string& command, std::size_t calls) {
  return calls == 0 ? std::string()
                    : "cmdstat_" + command + ":calls=" + std::to_string(calls) + ",usec=1\r\n";
}

}  // namespace

std::optional<std::string> answer_of_walk(const ModelNode& node, NodeIndex number,
                                          const Words& words) {
  const std::string of = words.size() > 1 ? words[1] : std::string();
  if (words[0] == "SCAN") return scan(node, words);
  if (words[0] == "CLUSTER" && of == "NODES") return bulk_of(own_line(node, number));
  if (words[0] == "CLUSTER" && of == "INFO") {
    return bulk_of(std::string("cluster_state:") + (node.is_down ? "fail" : "ok") + "\r\n");
  }
  if (words[0] != "INFO") return std::nullopt;
  if (of == "server") {
    return bulk_of("# Server\r\nrun_id:" + std::to_string(node.run) +
                   "\r\navailability_zone:" + node.zone + "\r\n");
  }
  return bulk_of("# Commandstats\r\n" + counted("cluster|nodes", 1) +
                 counted("migrate", node.keys_left) + counted("restore-asking", node.keys_came) +
                 counted("cluster|setslot", node.slots_settled));
}

}  // namespace plimsoll::testing
