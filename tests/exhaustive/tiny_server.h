#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/exhaustive/story.h"

// The other end of a small world: takes handshakes as its mood is, and runs requests of one letter,
// "ECHO 0", which it answers with that letter and the number of the connection. It has no time of
// its own: what it hears it answers, and the world decides when that arrives.

namespace plimsoll::exhaustive {

class TinyServer {
 public:
  /// How it meets a new connection.
  enum class Mood : std::uint8_t {
    good,
    loading,          ///< answers LOADING to every command
    loading_at_ping,  ///< takes the handshake, but serves nobody
    wrong_password,   ///< refuses for good
    no_database,      ///< refuses SELECT for good
    no_tracking,      ///< refuses CLIENT TRACKING, for good if it is required
    garbage,          ///< does not speak RESP
    early,            ///< answers before it was asked
  };

  static constexpr char first_letter = '0';
  static constexpr std::size_t letters_count = 64;

  explicit TinyServer(const Story& story) : story_(story) {}

  void accept(Mood mood);
  /// The connection is gone, with what was half said on it.
  void leave();

  /// Bytes from the client: whole requests in the order of their letters, or the world fails.
  void hear(std::string_view bytes);

  /// Where requests end in `bytes`, if these come next.
  std::vector<std::size_t> ends_of_requests(std::string_view bytes) const;

  /// What it has said and nobody has read.
  std::string_view said() const { return said_; }
  /// How much of that is the first reply, or what is left of it.
  std::size_t first_reply_bytes() const { return replies_.empty() ? 0 : replies_.front().bytes; }
  void forget_said(std::size_t bytes);

  /// Says something that nobody asked for.
  void say_extra(std::string_view text);
  /// Its next reply to a request is too large: by its bytes, or by how many values it has.
  enum class Swelling : std::uint8_t { none, bytes, values };
  void swell(Swelling how) { swelling_ = how; }
  bool has_swelled(std::size_t letter) const { return swollen_[letter]; }
  /// Hears, and says nothing any more on this connection.
  void fall_silent() { silent_ = true; }

  bool silent() const { return silent_; }
  /// Whether the answer that was read first refuses this client for good.
  bool has_refused_for_good() const {
    return (mood_ == Mood::wrong_password && replies_read_ > 0) ||
           ((mood_ == Mood::no_database || mood_ == Mood::no_tracking) && replies_read_ > 3);
  }
  /// Requests and handshake commands that came whole on this connection, and replies read on it.
  std::size_t requests_heard() const { return requests_heard_; }
  std::size_t replies_read() const { return replies_read_; }
  /// Answers to PING that were read on this connection.
  std::size_t pongs_read() const { return pongs_read_; }
  bool truthful() const { return truthful_; }
  /// Whether this connection is as a server of good will has it.
  bool well() const { return truthful_ && mood_ == Mood::good && !was_early_; }
  std::uint8_t runs(std::size_t letter) const { return runs_[letter]; }
  /// "02": what it says to `letter` on this connection.
  std::string reply_to(std::size_t letter) const;

 private:
  struct Words {
    std::array<std::string_view, 4> word;
    std::size_t count = 0;
    std::size_t bytes = 0;  // 0: not whole
  };

  Words scan(std::string_view bytes) const;
  void answer(const Words& words);
  std::string echo(std::size_t letter);
  enum class Kind : std::uint8_t { pong, other };
  struct Reply {
    std::size_t bytes;  // that were not read
    Kind kind;
  };

  void say(std::string_view text, Kind kind = Kind::other);

  const Story& story_;
  Mood mood_ = Mood::good;
  bool silent_ = false;
  bool truthful_ = true;
  bool was_early_ = false;
  std::uint8_t connections_ = 0;
  std::size_t next_letter_ = 0;  // no lower one may come on this connection
  std::array<std::uint8_t, letters_count> runs_{};
  Swelling swelling_ = Swelling::none;
  std::array<bool, letters_count> swollen_{};
  std::string heard_;  // of a request that is not whole
  std::string said_;
  std::vector<Reply> replies_;
  std::size_t replies_read_ = 0;
  std::size_t pongs_read_ = 0;
  std::size_t requests_heard_ = 0;
};

}  // namespace plimsoll::exhaustive
