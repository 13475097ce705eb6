#include "plimsoll/native/bridge/entry/connection_limits.h"

#include "plimsoll/native/bridge/config/addresses.h"

namespace plimsoll::bridge {

ConnectionLimits::Place::~Place() {
  if (limits_ != nullptr) limits_->give_back(*this);
}

bool ConnectionLimits::attempt(std::string_view address, Time now) {
  const std::string network = client_network(address, options_.ipv6_prefix_bits);
  const std::lock_guard lock(mutex_);
  auto found = attempts_.find(network);
  if (found == attempts_.end()) {
    if (attempts_.size() == remembered_addresses_max) {
      attempts_.erase(attempts_order_.front());
      attempts_order_.pop_front();
    }
    attempts_order_.push_back(network);
    const Attempts fresh{.rate = Rate(options_.upgrades_per_second_per_address),
                         .order = --attempts_order_.end()};
    found = attempts_.emplace(network, fresh).first;
  }
  Attempts& attempts = found->second;
  attempts_order_.splice(attempts_order_.end(), attempts_order_, attempts.order);
  if (attempts.rate.left(now) == 0) return false;
  attempts.rate.spend(1);
  return true;
}

ConnectionLimits::Place ConnectionLimits::take_place(std::size_t max) {
  const std::lock_guard lock(mutex_);
  if (connections_ >= max) return {};
  ++connections_;
  return {*this, Place::Kind::all, {}};
}

ConnectionLimits::Place ConnectionLimits::take_place_of_address(std::string_view address) {
  const std::string network = client_network(address, options_.ipv6_prefix_bits);
  const std::lock_guard lock(mutex_);
  const auto found = networks_.try_emplace(network).first;
  if (found->second.places == options_.connections_per_address_max) return {};
  ++found->second.places;
  return {*this, Place::Kind::address, network};
}

bool ConnectionLimits::has_another(const Place& place) const {
  const std::lock_guard lock(mutex_);
  return network_of(place).places > 1;
}

bool ConnectionLimits::has_another_half_open(const Place& place) const {
  const std::lock_guard lock(mutex_);
  return network_of(place).half_open > (place.is_half_open_ ? 1 : 0);
}

void ConnectionLimits::begin_half_open(Place& place) {
  const std::lock_guard lock(mutex_);
  if (!place.is_half_open_) ++network_of(place).half_open;
  place.is_half_open_ = true;
}

void ConnectionLimits::end_half_open(Place& place) {
  const std::lock_guard lock(mutex_);
  end_half_open_locked(place);
}

void ConnectionLimits::end_half_open_locked(Place& place) {
  if (place.is_half_open_) --network_of(place).half_open;
  place.is_half_open_ = false;
}

ConnectionLimits::Place ConnectionLimits::take_place_of_token(const std::string& token,
                                                              std::size_t max) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.try_emplace(token, options_.commands_per_second_per_token).first;
  if (found->second.count >= max) {
    return {};
  }
  ++found->second.count;
  return {*this, Place::Kind::token, token};
}

SharedRate& ConnectionLimits::rate_of_token(const std::string& token) {
  const std::lock_guard lock(mutex_);
  return tokens_.find(token)->second.rate;
}

void ConnectionLimits::forget(Time now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(tokens_, [now](const auto& each) {
    const Token& token = each.second;
    return token.count == 0 && (!token.rate.is_bounded() || token.rate.is_full(now));
  });
}

std::size_t ConnectionLimits::connections_count() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

std::size_t ConnectionLimits::remembered_addresses_count() const {
  const std::lock_guard lock(mutex_);
  return attempts_.size();
}

std::size_t ConnectionLimits::remembered_tokens_count() const {
  const std::lock_guard lock(mutex_);
  return tokens_.size();
}

void ConnectionLimits::give_back(Place& place) {
  const std::lock_guard lock(mutex_);
  switch (place.of_.first) {
    case Place::Kind::all: --connections_; return;
    case Place::Kind::address: {
      end_half_open_locked(place);
      const auto found = networks_.find(place.of_.second);
      if (--found->second.places == 0) networks_.erase(found);
      return;
    }
    case Place::Kind::token: {
      --tokens_.find(place.of_.second)->second.count;  // forget() drops its rate later
      return;
    }
  }
}

}  // namespace plimsoll::bridge
