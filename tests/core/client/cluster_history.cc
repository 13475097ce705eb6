#include "plimsoll/tests/core/client/cluster_history.h"

#include <algorithm>
#include <optional>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/client_end.h"

namespace plimsoll::testing {
namespace {

void require_of_history(bool promise, const char* otherwise) {
  if (!promise) FAIL(otherwise);
}

// The texts of a shown array: ["1", "2"].
std::vector<std::string> texts_in(const std::string& shown) {
  std::vector<std::string> texts;
  for (std::size_t at = 0; (at = shown.find('"', at)) != shown.npos;) {
    const std::size_t end = shown.find('"', at + 1);
    texts.push_back(shown.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return texts;
}

}  // namespace

void ClusterHistory::note_submitted(Tag tag, const std::vector<Words>& commands, Instant now) {
  Call call;
  call.place = ++places_;
  call.at = now;
  for (const Words& words : commands) {
    if (words[0] != "RPUSH" && words[0] != "LRANGE") continue;
    call.key = words.at(1);
    call.slot = model_slot_of(call.key);
    call.is_read = commands.size() == 1 && words[0] == "LRANGE";
    call.may_be_cached = call.is_read && words == words_of_any_read(call.key);
    if (words[0] != "RPUSH") continue;
    by_key_[call.key].insert(tag);
    for (std::size_t i = 2; i < words.size(); ++i) {
      require_of_history(writers_.emplace(words[i], tag).second, "an element is written twice");
      call.written.push_back(words[i]);
    }
  }
  require_of_history(calls_.emplace(tag, call).second, "a tag is used twice");
  ++pending_;
}

void ClusterHistory::note_outcome(Tag tag, const std::string& outcome, const Error* error) {
  const auto found = calls_.find(tag);
  require_of_history(found != calls_.end(), "an outcome of a request that nobody made");
  Call& call = found->second;
  if (!call.outcome.empty()) FAIL("a second outcome of " << tag << ": " << outcome);
  call.outcome = outcome;
  call.ended = places_;
  call.has_succeeded = error == nullptr;
  if (error != nullptr) {
    call.executed = error->executed;
    call.code = error->code;
  } else {
    ++succeeded_;
  }
  --pending_;
}

void ClusterHistory::note_lost(const std::string& key) { lost_before_[key] = places_; }

std::optional<Tag> ClusterHistory::reader_in(const Words& words) {
  if (words[0] != "LRANGE" || std::stol(words.at(3)) <= 0) return std::nullopt;
  return std::stoul(words[3]) - reads_from;
}

// The reads that replicas have run, and when for the last time. A node that is the owner may have
// run such a read, too, and nobody knows whose answer the client took.
std::map<Tag, Instant> ClusterHistory::run_by_replicas(const ClusterModel& model) {
  std::map<Tag, Instant> reads;
  for (const ClusterModel::ReplicaRead& read : model.replica_reads()) {
    if (const std::optional<Tag> tag = reader_in(read.words)) reads[*tag] = read.at;
  }
  return reads;
}

void ClusterHistory::note_unordered(const Words& words) {
  std::optional<Tag> tag;
  if (words[0] == "RPUSH" && writers_.contains(words.at(2))) tag = writers_.at(words[2]);
  if (words[0] == "LRANGE") tag = reader_in(words);
  if (tag) calls_.at(*tag).is_ordered = false;
}

std::string ClusterHistory::outcome(Tag tag) const {
  const auto found = calls_.find(tag);
  return found == calls_.end() ? "" : found->second.outcome;
}

std::size_t ClusterHistory::failed_count(ErrorCode code) const {
  return static_cast<std::size_t>(
      std::count_if(calls_.begin(), calls_.end(), [&](const auto& each) {
        const Call& call = each.second;
        return !call.outcome.empty() && !call.has_succeeded && call.code == code;
      }));
}

std::vector<Tag> ClusterHistory::pending() const {
  std::vector<Tag> tags;
  for (const auto& [tag, call] : calls_) {
    if (call.outcome.empty()) tags.push_back(tag);
  }
  return tags;
}

std::size_t ClusterHistory::inversions(const ClusterModel& model) const {
  std::map<unsigned, std::size_t> last_of_slot;
  std::size_t count = 0;
  for (const ClusterModel::Run& run : model.runs()) {
    if (run.words[0] != "RPUSH") continue;
    const auto writer = writers_.find(run.words.at(2));
    if (writer == writers_.end()) continue;
    const Call& call = calls_.at(writer->second);
    if (is_told_in_doubt(call) || !call.is_ordered) continue;
    std::size_t& last = last_of_slot[run.slot];
    if (call.place < last) ++count;
    last = std::max(last, call.place);
  }
  return count;
}

std::string ClusterHistory::fault(const ClusterModel& model,
                                  std::optional<Duration> lag_max) const {
  const std::map<Tag, Instant> by_replicas = run_by_replicas(model);
  std::map<std::string, std::size_t> times_run;
  for (const ClusterModel::Run& run : model.runs()) {
    if (run.words[0] != "RPUSH") continue;
    for (std::size_t i = 2; i < run.words.size(); ++i) ++times_run[run.words[i]];
  }
  for (const auto& [tag, call] : calls_) {
    for (const std::string& element : call.written) {
      const std::size_t times = times_run[element];
      if (times <= 1 && (times == 1 || !call.has_succeeded) &&
          (times == 0 || call.has_succeeded || call.executed != Executed::no ||
           call.outcome.empty())) {
        continue;
      }
      return "element " + element + " of key " + call.key + " was run " + std::to_string(times) +
             " times, and its request ended with: " + call.outcome;
    }
    if (!call.is_read || !call.has_succeeded) continue;
    const bool is_by_replica = by_replicas.contains(tag) || call.may_be_cached;
    std::string wrong = fault_of_read(
        call, is_by_replica || call.was_at_replica ? RunBy::perhaps_replica : RunBy::owner);
    if (wrong.empty() && is_by_replica && lag_max) {
      const Duration age_max = call.may_be_cached ? std::max(*lag_max, cached_for_) : *lag_max;
      if (is_dated(call, age_max)) wrong = fault_of_age(call, model, age_max);
    }
    if (!wrong.empty()) {
      return "read " + std::to_string(tag) + " of key " + call.key + " saw " + call.outcome + ": " +
             wrong;
    }
  }
  const std::size_t inverted = inversions(model);
  if (inverted == 0) return "";
  return std::to_string(inverted) + " writes were run after one that was submitted later";
}

void ClusterHistory::verify(const ClusterModel& model, std::optional<Duration> lag_max) const {
  REQUIRE(fault(model, lag_max) == "");
}

std::size_t ClusterHistory::dated_reads_count(const ClusterModel& model, Duration lag_max) const {
  std::size_t count = 0;
  for (const auto& [tag, at] : run_by_replicas(model)) {
    const auto call = calls_.find(tag);
    if (call == calls_.end()) continue;
    if (call->second.has_succeeded && is_dated(call->second, lag_max)) ++count;
  }
  return count;
}

bool ClusterHistory::is_dated(const Call& read, Duration lag_max) const {
  const auto disputed = disputed_until_.find(read.key);
  return disputed == disputed_until_.end() || disputed->second < read.at - lag_max;
}

// A value was held until the next one came. What the owner took, it may have lost since.
std::string ClusterHistory::fault_of_age(const Call& read, const ClusterModel& model,
                                         Duration lag_max) const {
  const std::vector<std::string> seen = texts_in(read.outcome);
  std::vector<std::string> held;
  const Instant oldest = read.at - lag_max;
  for (const ClusterTracking::Change& change : model.tracking().changes(read.key)) {
    if (!change.by_owner) continue;
    if (held == seen && change.at >= oldest) return "";
    held = change.value.value_or(std::vector<std::string>{});
  }
  return held == seen ? "" : "the owner held that too long ago, or never";
}

std::string ClusterHistory::fault_of_read(const Call& read, RunBy run_by) const {
  const std::vector<std::string> seen = texts_in(read.outcome);
  std::set<Tag> seen_tags;
  std::size_t last = 0;
  for (const std::string& element : seen) {
    if (elsewhere_.contains(element)) continue;
    const auto writer = writers_.find(element);
    if (writer == writers_.end()) return "nobody wrote " + element;
    const Call& write = calls_.at(writer->second);
    if (write.key != read.key && write.is_ordered && write.written.size() == 1) {
      return element + " was written to another key";
    }
    seen_tags.insert(writer->second);
    if (is_told_in_doubt(write) || !write.is_ordered) continue;
    if (write.place > read.place && run_by == RunBy::owner) return element + " came after it";
    if (write.place < last) return element + " is out of order";
    last = write.place;
  }
  if (!read.is_ordered) return "";
  const auto lost = lost_before_.find(read.key);
  const auto writes = by_key_.find(read.key);
  if (writes == by_key_.end()) return "";
  for (const Tag each : writes->second) {
    const Call& write = calls_.at(each);
    if (write.place > read.place || !write.has_succeeded || seen_tags.contains(each)) continue;
    if (lost != lost_before_.end() && write.place <= lost->second) continue;
    if (read.may_be_cached && write.ended >= read.place) continue;
    return "the write " + std::to_string(each) + " came before it";
  }
  return "";
}

}  // namespace plimsoll::testing
