#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/model/connection.h"
#include "plimsoll/tests/sim/model/options.h"
#include "plimsoll/tests/sim/model/time.h"

namespace plimsoll::sim::model {

/// The invalidations of one client, whichever connection it has: CLIENT TRACKING RESUME.
struct Stream {
  std::string name;
  std::string user;
  ClientId reader;  // the connection that has it, or had it last
  enum class Reader { here, away } where = Reader::here;
  Time away_since = {};
  TrackingState tracking = {};  // of a reader that is away

  struct Push {
    std::uint64_t number;
    std::string bytes;
  };
  std::uint64_t last = 0;  // of its pushes, by number
  std::uint64_t last_here = 0;
  std::deque<Push> log = {};  // the newest of them
  enum class Log { whole, torn } state = Log::whole;

  /// Whether the log has all that came behind that push.
  bool has_all_after(std::uint64_t number) const;
};

/// The streams that can be resumed.
class Streams {
 public:
  /// Null without.
  Stream* of(ClientId reader);
  Stream* of_name(std::string_view name);

  Stream& begin(const Connection& connection, const Resumption& options);
  /// Its pushes so far stay, also those that its next reader gets.
  void forget(const Stream& stream);
  void forget_all() { streams_.clear(); }

  /// Counts a push, and keeps it. One who is away for too many of them is not waited for.
  void note(Stream& stream, std::string_view push);

  /// Who has been away for too long, or has missed too much.
  std::vector<ClientId> over(Time now) const;

  template <class Visit>
  void for_each_away(const Visit& visit) {
    for (Stream& stream : streams_) {
      if (stream.where == Stream::Reader::away) visit(stream);
    }
  }

  std::size_t size() const { return streams_.size(); }
  const Stream& at(std::size_t place) const;

 private:
  std::list<Stream> streams_;
  Resumption options_;
  std::uint64_t names_ = 0;  // never again, also after a restart
};

}  // namespace plimsoll::sim::model
