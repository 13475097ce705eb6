#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "plimsoll/tests/support/loopback.h"

namespace plimsoll::testing {

/// A sentinel that says what the test wants, to any number of clients at a time, from a thread of
/// its own.
class FakeSentinel {
 public:
  /// Whether anything follows what it has said to a question.
  enum class Then { goes_on, falls_silent };

  /// Answers every handshake as a sentinel does. Besides, `primary` and `others` are the bytes that
  /// follow SENTINEL GET-MASTER-ADDR-BY-NAME and SENTINEL SENTINELS.
  explicit FakeSentinel(std::string primary, std::string others = no_others(),
                        Then then = Then::goes_on);
  static std::string no_others() { return "*0\r\n"; }
  ~FakeSentinel();
  FakeSentinel(const FakeSentinel&) = delete;
  FakeSentinel& operator=(const FakeSentinel&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::string& id() const { return id_; }

  /// From now on, to the next questions.
  void set_primary(std::string primary);
  void set_others(std::string others);

  /// Sends `bytes` to all clients that have subscribed.
  void publish(std::string_view bytes);

  /// How many clients have subscribed, and how many connections there were.
  std::size_t subscribers_count() const { return subscribers_count_; }
  std::size_t accepted_count() const { return accepted_count_; }

 private:
  struct Guest {
    Descriptor socket;
    std::string read{};
    bool is_subscribed = false;
    bool is_silent = false;
  };

  void serve();
  bool read_from(Guest& guest);
  std::string answer(Guest& guest, const std::string& request);

  const Descriptor listener_;
  std::uint16_t port_ = 0;
  const std::string id_;
  mutable std::mutex mutex_;
  std::string primary_;
  std::string others_;
  const Then then_;
  std::string to_publish_;
  std::atomic<std::size_t> subscribers_count_ = 0;
  std::atomic<std::size_t> accepted_count_ = 0;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;  // last: it uses all the others
};

/// A bulk string, an address as SENTINEL GET-MASTER-ADDR-BY-NAME has it, an entry of SENTINEL
/// SENTINELS, and a message of +switch-master; all in RESP3.
std::string bulk(std::string_view text);
std::string address_reply(std::string_view host, std::string_view port);
std::string sentinel_entry(std::string_view host, std::string_view port, std::string_view id);
std::string switch_message(std::string_view payload);

}  // namespace plimsoll::testing
