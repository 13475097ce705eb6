#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <streambuf>
#include <string>
#include <string_view>

// Where lines of a log go: a file, or standard error, behind which there may be a pipe. The bridge
// must not depend on who reads its log. If the reader has stopped reading, or is gone, or the disk
// is full, a line is left out and counted; only a text of several lines may wait, for 100 ms. (A
// stream of the standard library waits for the reader, in the thread that serves the clients; after
// a single write that fails it says nothing any more.)
//
// Thread-safe, as the streambuf of several streams: there is one for each descriptor. The program
// has to ignore SIGPIPE.

namespace plimsoll::bridge {

class LogOutput final : public std::streambuf {
 public:
  /// Writes nowhere until open().
  LogOutput() = default;
  /// Writes to `descriptor`, which stays open.
  explicit LogOutput(int descriptor) : descriptor_(descriptor) {}
  ~LogOutput() override;
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;

  /// Opens a file to append to, or makes it. Returns false if it cannot be written; a FIFO that
  /// nobody reads cannot.
  bool open(const std::string& file);

  /// Opens the file by its name again, which may be another file now. If it cannot be opened,
  /// returns false, and the one that was open stays. Does nothing if open() was not called.
  bool reopen();

  /// How many lines were left out, or cut, by all outputs of the process.
  static std::uint64_t lines_lost() { return lines_lost_.load(std::memory_order_relaxed); }

 protected:
  /// Takes a whole line, or several. Never fails.
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int_type overflow(int_type letter) override;

 private:
  using Clock = std::chrono::steady_clock;

  bool write_all(std::string_view text);
  std::size_t write_piece(std::string_view text, Clock::time_point until);

  inline static std::atomic<std::uint64_t> lines_lost_ = 0;

  std::mutex mutex_;
  std::string file_;
  int descriptor_ = -1;
  bool is_torn_ = false;  // the last line was cut, and lacks its end
};

}  // namespace plimsoll::bridge
