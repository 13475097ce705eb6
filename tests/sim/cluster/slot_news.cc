#include "plimsoll/tests/sim/cluster/slot_news.h"

#include <algorithm>

namespace plimsoll::sim {

void SlotNews::note_said(std::uint64_t link, std::uint64_t end, Said said) {
  links_[link].said.emplace_back(end, std::move(said));
}

bool SlotNews::was_sent_elsewhere(RequestNumber number, SlotNumber slot, std::size_t server) const {
  const auto write = submitted_.find(number);
  if (write == submitted_.end()) return false;
  const auto caller = callers_.find(write->second.caller);
  if (caller == callers_.end()) return false;
  const auto moved = caller->second.moved.find(slot);
  if (moved == caller->second.moved.end()) return false;
  return moved->second.at < write->second.at && moved->second.to != server;
}

void SlotNews::note_submitted(std::uint32_t caller, RequestNumber number) {
  submitted_[number] = {.caller = caller, .at = ++clock_};
}

void SlotNews::note_ended(std::uint32_t caller, RequestNumber number, Instant now) {
  submitted_.erase(number);
  std::erase_if(callers_[caller].moved, [=](const auto& each) {
    return each.second.number == number && each.second.when == now;
  });
}

void SlotNews::note_unheeded(std::uint32_t caller, SlotNumber slot) {
  callers_[caller].moved.erase(slot);
  for (auto& [number, link] : links_) link.left_at.erase(slot);
}

void SlotNews::note_sent(std::uint64_t link, std::uint64_t bytes) {
  Link& to = links_[link];
  to.sent += bytes;
  to.sent_until.emplace_back(to.sent, ++clock_);
}

SlotNews::Clock SlotNews::sent_at(const Link& link, std::uint64_t end) const {
  const auto found =
      std::lower_bound(link.sent_until.begin(), link.sent_until.end(), end,
                       [](const auto& each, std::uint64_t bytes) { return each.first < bytes; });
  return found == link.sent_until.end() ? clock_ : found->second;
}

void SlotNews::note_read(std::uint32_t caller, std::uint64_t link, std::uint64_t bytes, Instant now,
                         const std::function<bool(std::size_t)>& has_trouble) {
  now_ = now;
  Link& from = links_[link];
  from.read += bytes;
  ++clock_;
  while (!from.said.empty() && from.said.front().first <= from.read) {
    heed(callers_[caller], link, from, from.said.front().second, has_trouble);
    from.said.pop_front();
  }
}

void SlotNews::heed(Caller& caller, std::uint64_t link_number, Link& link, const Said& said,
                    const std::function<bool(std::size_t)>& has_trouble) {
  const bool is_awaited = submitted_.contains(said.number);
  switch (said.what) {
    case Said::What::moved: {
      const auto before = caller.moved.find(said.slot);
      if (is_awaited && !has_trouble(said.server)) {
        caller.moved[said.slot] = {
            .to = said.server, .at = clock_, .number = said.number, .when = now_};
        link.left_at[said.slot] = clock_;
      } else if (before != caller.moved.end() && before->second.to != said.server) {
        caller.moved.erase(before);  // it may go by either
      }
      return;
    }
    case Said::What::down:
      if (is_awaited) link.down_at = clock_;
      return;
    case Said::What::view: {
      const Clock asked_at = sent_at(link, said.question_end);
      std::erase_if(caller.moved, [=](const auto& each) { return each.second.at < asked_at; });
      return;
    }
    case Said::What::served: {
      Instant& owner_answered = caller.owner_answered[said.slot];
      owner_answered = said.is_owner ? std::max(owner_answered, said.at) : Instant{};
      for (const std::string& key : said.keys) {
        caller.answered[key] = {.link = link_number, .at = clock_};
      }
      return;
    }
  }
}

Instant SlotNews::answered_at(std::uint32_t caller, SlotNumber slot) const {
  const auto found = callers_.find(caller);
  if (found == callers_.end()) return {};
  const auto at = found->second.owner_answered.find(slot);
  return at == found->second.owner_answered.end() ? Instant{} : at->second;
}

bool SlotNews::is_forgotten(std::uint32_t caller, const std::string& key) const {
  const auto found = callers_.find(caller);
  if (found == callers_.end()) return false;
  const auto answered = found->second.answered.find(key);
  if (answered == found->second.answered.end()) return false;
  const auto from = links_.find(answered->second.link);
  if (from == links_.end()) return false;
  const auto left = from->second.left_at.find(slot_of_key(key));
  const Clock left_at = left == from->second.left_at.end() ? 0 : left->second;
  return std::max(left_at, from->second.down_at) > answered->second.at;
}

}  // namespace plimsoll::sim
