#include "plimsoll/native/bridge/entry/connection_limits.h"

namespace plimsoll::bridge {

ConnectionLimits::Place::~Place() {
  if (limits_ != nullptr) limits_->give_back(of_);
}

bool ConnectionLimits::attempt(const std::string& address, Time now) {
  auto found = attempts_.find(address);
  if (found == attempts_.end()) {
    if (attempts_.size() == remembered_addresses_max) {
      attempts_.erase(attempts_order_.front());
      attempts_order_.pop_front();
    }
    attempts_order_.push_back(address);
    const Attempts fresh{.rate = Rate(options_.upgrades_per_second_per_address),
                         .order = --attempts_order_.end()};
    found = attempts_.emplace(address, fresh).first;
  }
  Attempts& attempts = found->second;
  attempts_order_.splice(attempts_order_.end(), attempts_order_, attempts.order);
  if (attempts.rate.left(now) == 0) return false;
  attempts.rate.spend(1);
  return true;
}

ConnectionLimits::Place ConnectionLimits::take_place() {
  if (connections_ == options_.connections_max) return {};
  ++connections_;
  return {*this, Place::Kind::all, {}};
}

ConnectionLimits::Place ConnectionLimits::take_place_of_address(const std::string& address) {
  const auto found = addresses_.try_emplace(address, 0).first;
  if (found->second == options_.connections_per_address_max) return {};
  ++found->second;
  return {*this, Place::Kind::address, address};
}

ConnectionLimits::Place ConnectionLimits::take_place_of_token(const std::string& token,
                                                              std::size_t max) {
  const Token fresh{.rate = Rate(options_.commands_per_second_per_token)};
  const auto found = tokens_.try_emplace(token, fresh).first;
  if (found->second.count >= max) {
    return {};
  }
  ++found->second.count;
  return {*this, Place::Kind::token, token};
}

void ConnectionLimits::forget(Time now) {
  std::erase_if(tokens_, [now](const auto& each) {
    const Token& token = each.second;
    return token.count == 0 && (!token.rate.is_bounded() || token.rate.is_full(now));
  });
}

void ConnectionLimits::give_back(const std::pair<Place::Kind, std::string>& of) {
  switch (of.first) {
    case Place::Kind::all: --connections_; return;
    case Place::Kind::address: {
      const auto found = addresses_.find(of.second);
      if (--found->second == 0) addresses_.erase(found);
      return;
    }
    case Place::Kind::token: {
      --tokens_.find(of.second)->second.count;  // forget() drops its rate later
      return;
    }
  }
}

}  // namespace plimsoll::bridge
