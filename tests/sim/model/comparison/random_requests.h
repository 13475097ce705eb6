#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::sim::model {

/// Requests as a client might send them, right ones and wrong ones, over few keys, channels and
/// users, so that they meet. The same seed gives the same requests.
class RandomRequests {
 public:
  explicit RandomRequests(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  /// The words of one command. It may close the connection, if it is wrong or says so.
  std::vector<std::string> command();

  /// How a connection begins: the protocol, tracking, subscriptions.
  std::vector<std::vector<std::string>> greeting();

  /// A short transaction, from WATCH or MULTI to EXEC or DISCARD, some of it wrong.
  std::vector<std::vector<std::string>> transaction();

  /// CLIENT CACHING, perhaps something in between, and a read that it may be for.
  std::vector<std::vector<std::string>> cached_read();

  /// A request's bytes: mostly an array of bulk strings, sometimes inline.
  std::string bytes(const std::vector<std::string>& words);

  /// Other bytes, in which some of what frames requests is wrong.
  std::string spoiled(std::string bytes);

  /// A key that will have expired a moment later.
  std::vector<std::string> soon_expired();

 private:
  using Words = std::vector<std::string>;

  std::string_view pick(std::string_view list, char separator = ' ');
  std::string key();
  std::string value();
  std::string number();
  Words filled(std::string_view form);
  Words tracking();
  std::string word(std::string_view form);

  std::mt19937_64 random_;
};

}  // namespace plimsoll::sim::model
