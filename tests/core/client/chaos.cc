#include "plimsoll/tests/core/client/chaos.h"

#include <algorithm>
#include <chrono>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing {
namespace {

using std::chrono::milliseconds;

void require(bool promise, const std::string& otherwise) {
  if (!promise) FAIL(otherwise);
}

}  // namespace

ClientOptions Chaos::random_options(std::mt19937_64& random) {
  ClientOptions options;
  options.inflight_requests_limit = 1 + random() % 60;
  options.connect_timeout = milliseconds(50 + random() % 500);
  options.close_timeout = milliseconds(random() % 100);
  options.database = random() % 2;
  if (random() % 3 == 0) options.reply_bytes_max = 4096 + random() % 4096;
  return options;
}

BudgetOptions Chaos::random_budget(std::mt19937_64& random) {
  return {.memory_limit = (1 + random() % 3) * 1024 * 1024};
}

Chaos::Chaos(std::uint64_t seed)
    : random_(seed),
      fault_(static_cast<Fault>(below(7))),
      pair_(random_options(random_), random_budget(random_)) {
  pair_.peer.set_script([this](const Words& words) { return answer(words); });
  if (one_in(3)) submit();
  pair_.end.connect();
}

std::string Chaos::answer(const Words& words) {
  if (words[0] != "ECHO") {
    const bool refuses = fault_ == Fault::refusals && one_in(6);
    if (refuses) return one_in(4) ? "-NOAUTH no\r\n" : "-LOADING soon\r\n";
    return Peer::default_reply(words);
  }
  executed_.insert(std::stoull(words[1]));
  const std::string push = one_in(8) ? ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n" : "";
  return push + Peer::default_reply(words);
}

void Chaos::step() {
  switch (below(16)) {
    case 0:
    case 1:
    case 2: submit(); break;
    case 3:
    case 4:
    case 5: write(); break;
    case 6:
    case 7: move_to_peer(1 + below(400)); break;
    case 8:
    case 9: move_to_client(1 + below(400)); break;
    case 10: move_to_peer(SIZE_MAX); break;
    case 11:
      if (fault_ != Fault::stalls) move_to_client(SIZE_MAX);
      break;
    case 12:
      if (one_in(3)) cancel();
      break;
    case 13: pair_.end.advance(milliseconds(below(10))); break;
    case 14: change_link(); break;
    default: misbehave(); break;
  }
  take_events();
}

void Chaos::submit() {
  const Tag tag = ++last_tag_;
  std::string payload = std::to_string(tag);
  const std::size_t sizes[] = {10, 100, 5'000, 70'000};
  payload.resize(payload.size() + 1 + below(sizes[std::min(below(4), below(4))]), 'x');
  payloads_[tag] = "\"" + payload + "\"";
  const Duration timeout = one_in(4) ? Duration::zero() : milliseconds(1 + below(60));
  if (const auto id = pair_.end.submit(tag, {"ECHO", payload}, timeout)) ids_.push_back(*id);
}

void Chaos::cancel() {
  if (!ids_.empty())
    pair_.end.cancel(ids_[ids_.size() - 1 - below(std::min<std::size_t>(ids_.size(), 20))]);
}

void Chaos::write() {
  ClientEnd& end = pair_.end;
  if (end.writing()) {
    const std::string& given = end.given();
    const std::size_t taken = one_in(3) ? below(given.size() + 1) : given.size();
    if (end.link() == ClientEnd::Link::open) to_peer_ += given.substr(0, taken);
    end.end_write(taken);
  } else if (end.link() == ClientEnd::Link::open) {
    end.begin_write();
  }
}

void Chaos::move_to_peer(std::size_t bytes) {
  pair_.peer.handle_bytes(std::string_view(to_peer_).substr(0, bytes));
  to_peer_.erase(0, bytes);
  to_client_ += pair_.peer.take_output();
}

void Chaos::move_to_client(std::size_t bytes) {
  if (pair_.end.link() != ClientEnd::Link::open) return;
  to_client_.erase(0, pair_.end.receive(std::string_view(to_client_).substr(0, bytes)));
  lose_link();
}

void Chaos::change_link() {
  if (pair_.end.link() != ClientEnd::Link::opening) {
    if (one_in(100)) pair_.end.close();
    if (one_in(200)) pair_.end.abort();
  } else if (fault_ == Fault::refusals && one_in(2)) {
    pair_.end.refuse();
  } else {
    lose_link();
    pair_.end.open();
  }
  lose_link();
}

void Chaos::misbehave() {
  if (pair_.end.link() != ClientEnd::Link::open || !one_in(10)) return;
  switch (fault_) {
    case Fault::none:
    case Fault::stalls:
    case Fault::refusals: return;
    case Fault::resets: pair_.end.break_off(); return lose_link();
    case Fault::garbage: to_client_ += "?"; return;
    case Fault::extra_replies: to_client_ += "+made up\r\n"; break;
    case Fault::flipped_bits:
      if (to_client_.empty()) return;
      to_client_[below(to_client_.size())] ^= static_cast<char>(1 << below(8));
      break;
  }
  truthful_ = false;
}

// What the transport took may have reached the server before the connection was gone; what the
// server said since is lost.
void Chaos::lose_link() {
  if (pair_.end.link() == ClientEnd::Link::open) return;
  move_to_peer(SIZE_MAX);
  pair_.peer.reset();
  to_client_.clear();
}

void Chaos::take_events() {
  for (const std::string& event : pair_.end.take_events()) {
    const std::size_t colon = event.find(": ");
    const bool has_tag = event[0] >= '0' && event[0] <= '9';
    if (has_tag) note_outcome(std::stoull(event), event.substr(colon + 2));
  }
}

void Chaos::note_outcome(Tag tag, const std::string& outcome) {
  const bool failed =
      outcome.ends_with("(no)") || outcome.ends_with("(maybe)") || outcome.ends_with("(yes)");
  outcomes_.insert(failed ? outcome : "completed");
  if (outcome.ends_with("(no)")) never_executed_.insert(tag);
  if (failed || !truthful_) return;
  require(outcome == payloads_[tag], "request " + std::to_string(tag) + " got another reply");
}

void Chaos::finish() {
  if (one_in(2)) pair_.end.close();
  pair_.end.advance(std::chrono::seconds(1));
  pair_.end.abort();
  lose_link();
  if (pair_.end.writing()) pair_.end.end_write(0);
  submit();
  take_events();

  require(pair_.end.pending_count() == 0, "requests without an outcome");
  require(pair_.end.link() == ClientEnd::Link::none, "the connection is still there");
  require(pair_.end.bytes_in_use() <= 4096, "memory is left");
  for (const Tag tag : never_executed_) {
    require(!executed_.contains(tag), "request " + std::to_string(tag) + " was said not to run");
  }
}

}  // namespace plimsoll::testing
