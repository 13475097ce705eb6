#include "plimsoll/tests/sim/network/link.h"

namespace plimsoll::sim {

void Link::connect(std::uint64_t serial, Client& client, Server& server,
                   const Conditions& conditions, Attempt attempt, Duration wait) {
  serial_ = serial;
  client_ = &client;
  server_ = &server;
  conditions_ = conditions;
  attempt_ = attempt;
  client_here_ = true;
  server_here_ = silenced_ = false;
  truthful_ = true;
  last_run_ = 0;
  said_.clear();
  said_bytes_ = heard_bytes_ = 0;
  heard_until_ = {};
  resumed_at_ = never;
  if (attempt != Attempt::is_not_answered) plan(wait + some_latency() + some_latency(), answer);
}

void Link::note_said(std::size_t bytes) {
  if (bytes == 0) return;
  said_bytes_ += bytes;
  const bool is_more = !said_.empty() && said_.back().at == schedule_.now();
  if (is_more) said_.pop_back();
  said_.push_back({.end = said_bytes_, .at = schedule_.now()});
}

void Link::note_heard(std::size_t bytes) {
  heard_bytes_ += bytes;
  for (; !said_.empty() && said_.front().end <= heard_bytes_; said_.pop_front()) {
    heard_until_ = said_.front().at;
  }
}

Duration Link::some_latency() {
  return random_.between(conditions_.latency_min, conditions_.latency_max);
}

void Link::handle(std::uint32_t what, std::uint64_t serial) {
  if (serial != serial_) return;
  switch (static_cast<Plan>(what)) {
    case answer:
      if (!client_here_) return;
      if (attempt_ == Attempt::is_refused) return client_->handle_refused();
      to_server_.start(conditions_);
      to_client_.start(conditions_);
      server_here_ = true;
      server_->handle_connected(*this);
      if (client_here_) client_->handle_connected();
      return;
    case tell_client:
      if (client_here_) client_->handle_lost();
      return;
    case tell_server:
      if (!server_here_) return;
      server_here_ = false;
      return server_->handle_lost(*this);
    case end_hold: return release();
  }
}

void Link::handle_arrival(Pipe& pipe) {
  if (&pipe == &to_client_) {
    if (client_here_) client_->handle_readable();
  } else if (server_here_) {
    server_->handle_readable(*this);
  }
}

void Link::handle_room(Pipe& pipe) {
  if (&pipe == &to_server_) {
    if (client_here_) client_->handle_writable();
  } else if (server_here_) {
    server_->handle_writable(*this);
  }
}

void Link::close_by_client() {
  client_here_ = false;
  if (!server_here_) return;
  to_client_.cut();
  to_server_.end();
}

void Link::reset_by_client() {
  client_here_ = false;
  if (!server_here_) return;
  to_client_.cut();
  to_server_.cut();
  plan(some_latency(), tell_server);
}

void Link::close_by_server() {
  server_here_ = false;
  to_server_.cut();
  if (client_here_) to_client_.end();
}

void Link::reset_by_server() {
  server_here_ = false;
  reset();
}

void Link::reset() {
  to_client_.cut();
  to_server_.cut();
  plan(some_latency(), tell_server);
  plan(some_latency(), tell_client);
}

void Link::silence(Duration wait) {
  to_client_.cut();
  to_server_.cut();
  silenced_ = true;
  plan(Duration::zero(), tell_server);
  plan(wait, tell_client);
}

void Link::calm_down(Pipe::Pieces pieces) {
  if (silenced_ && client_here_) plan(some_latency(), tell_client);
  conditions_ = {};
  if (!server_here_) return;
  to_server_.calm_down();
  to_client_.calm_down(pieces);
}

void Link::hold(Direction direction, Duration wait) {
  if (direction != Direction::to_client) to_server_.hold();
  if (direction != Direction::to_server) to_client_.hold();
  plan(wait, end_hold);
}

void Link::release() {
  to_server_.release();
  to_client_.release();
}

}  // namespace plimsoll::sim
