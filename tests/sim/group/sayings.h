#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

// What sentinels have said about the primary, and where it stands in the bytes of a connection: so
// it is known when a client has read it, without a look at what the client made of it.

namespace plimsoll::sim {

struct Saying {
  std::size_t sentinel;  ///< as the network numbers it
  std::size_t primary;   ///< that it names, likewise
  enum class Kind : std::uint8_t { answer, announcement } kind;
};

class Sayings {
 public:
  /// So many bytes follow on a connection; behind them that has been said.
  void note_written(std::uint64_t link, std::size_t bytes) { links_[link].written += bytes; }
  void note_said(std::uint64_t link, const Saying& saying) {
    Link& its = links_[link];
    its.unread.push_back({its.written, saying});
  }

  /// A client reads so many bytes. Returns what it has read to the end now.
  std::vector<Saying> read(std::uint64_t link, std::size_t bytes) {
    std::vector<Saying> heard;
    Link& its = links_[link];
    its.read += bytes;
    while (!its.unread.empty() && its.unread.front().end <= its.read) {
      heard.push_back(its.unread.front().saying);
      its.unread.pop_front();
    }
    return heard;
  }

 private:
  struct Unread {
    std::uint64_t end;
    Saying saying;
  };
  struct Link {
    std::uint64_t written = 0;
    std::uint64_t read = 0;
    std::deque<Unread> unread;
  };

  std::map<std::uint64_t, Link> links_;  // by serial number
};

}  // namespace plimsoll::sim
