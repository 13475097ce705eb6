#include "plimsoll/tests/exhaustive/tiny_server.h"

#include <utility>

namespace plimsoll::exhaustive {
namespace {

constexpr std::string_view hello_reply = "%1\r\n$5\r\nproto\r\n:3\r\n";
constexpr std::string_view loading = "-LOADING the dataset is being loaded\r\n";

}  // namespace

void TinyServer::accept(Mood mood) {
  leave();
  mood_ = mood;
  truthful_ = true;
  was_early_ = mood == Mood::early;
  silent_ = false;
  next_letter_ = 0;
  replies_read_ = pongs_read_ = requests_heard_ = 0;
  ++connections_;
  if (mood != Mood::early) return;
  say(hello_reply);
  for (int i = 0; i < 3; ++i) say("+OK\r\n");
  say("+PONG\r\n", Kind::pong);
}

void TinyServer::leave() {
  heard_.clear();
  said_.clear();
  replies_.clear();
}

TinyServer::Words TinyServer::scan(std::string_view bytes) const {
  std::size_t at = 0;
  const auto read_count = [&](char sign, std::size_t& count) {
    if (at == bytes.size()) return false;
    story_.require(bytes[at] == sign, "a client sends whole requests");
    count = 0;
    for (++at; at < bytes.size() && bytes[at] != '\r'; ++at) {
      story_.require(bytes[at] >= '0' && bytes[at] <= '9', "a client sends whole requests");
      count = count * 10 + static_cast<std::size_t>(bytes[at] - '0');
    }
    at += 2;
    return at <= bytes.size();
  };
  Words words;
  if (!read_count('*', words.count)) return {};
  story_.require(words.count <= words.word.size(), "a client sends what it was asked to");
  for (std::size_t i = 0; i < words.count; ++i) {
    std::size_t size = 0;
    if (!read_count('$', size) || bytes.size() < at + size + 2) return {};
    words.word[i] = bytes.substr(at, size);
    at += size;
    story_.require(bytes.substr(at, 2) == "\r\n", "a client sends whole requests");
    at += 2;
  }
  words.bytes = at;
  return words;
}

std::vector<std::size_t> TinyServer::ends_of_requests(std::string_view bytes) const {
  const std::string all = heard_ + std::string(bytes);
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < all.size();) {
    const Words words = scan(std::string_view(all).substr(at));
    if (words.bytes == 0) break;
    at += words.bytes;
    ends.push_back(at - heard_.size());
  }
  return ends;
}

void TinyServer::hear(std::string_view bytes) {
  heard_ += bytes;
  std::size_t at = 0;
  while (at < heard_.size()) {
    const Words words = scan(std::string_view(heard_).substr(at));
    if (words.bytes == 0) break;
    answer(words);
    at += words.bytes;
  }
  heard_.erase(0, at);
}

void TinyServer::answer(const Words& words) {
  const std::string_view command = words.word[0];
  ++requests_heard_;
  if (command == "ECHO") {
    story_.require(mood_ == Mood::good, "requests wait until the whole handshake was accepted");
    const auto letter = static_cast<std::size_t>(words.word[1][0] - first_letter);
    story_.require(words.count == 2 && letter < letters_count, "a client sends what it was asked");
    story_.require(letter >= next_letter_, "requests run in the order in which they were made");
    next_letter_ = letter + 1;
    ++runs_[letter];
    return say(echo(letter));
  }
  switch (mood_) {
    case Mood::early:
      if (command != "PING") return;
      mood_ = Mood::good;  // from here on there are requests
      return;
    case Mood::loading: return say(loading);
    case Mood::loading_at_ping:
      if (command == "PING") return say(loading);
      break;
    case Mood::wrong_password: return say("-WRONGPASS invalid username-password pair\r\n");
    case Mood::no_database:
      if (command == "SELECT") return say("-ERR DB index is out of range\r\n");
      break;
    case Mood::no_tracking:
      if (words.word[1] == "TRACKING") return say("-ERR unknown subcommand 'TRACKING'\r\n");
      break;
    case Mood::garbage: return say("?\r\n");
    case Mood::good: break;
  }
  if (command == "HELLO") return say(hello_reply);
  if (command == "PING") return say("+PONG\r\n", Kind::pong);
  say("+OK\r\n");
}

std::string TinyServer::echo(std::size_t letter) {
  const Swelling swelling = std::exchange(swelling_, Swelling::none);
  swollen_[letter] = swelling != Swelling::none;
  switch (swelling) {
    case Swelling::none: break;
    case Swelling::bytes: return "$5000\r\n" + std::string(5000, 'x') + "\r\n";
    case Swelling::values: {
      std::string reply = "*500\r\n";
      for (int i = 0; i < 500; ++i) reply += ":1\r\n";
      return reply;
    }
  }
  return "$2\r\n" + reply_to(letter) + "\r\n";
}

std::string TinyServer::reply_to(std::size_t letter) const {
  return {static_cast<char>(first_letter + letter), static_cast<char>('0' + connections_ % 10)};
}

void TinyServer::say(std::string_view text, Kind kind) {
  if (silent_) return;
  said_ += text;
  replies_.push_back({text.size(), kind});
}

void TinyServer::say_extra(std::string_view text) {
  truthful_ = false;
  say(text);
}

void TinyServer::forget_said(std::size_t bytes) {
  said_.erase(0, bytes);
  while (bytes > 0 && bytes >= replies_.front().bytes) {
    bytes -= replies_.front().bytes;
    ++replies_read_;
    if (replies_.front().kind == Kind::pong) ++pongs_read_;
    replies_.erase(replies_.begin());
  }
  if (bytes > 0) replies_.front().bytes -= bytes;
}

}  // namespace plimsoll::exhaustive
