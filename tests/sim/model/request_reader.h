#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::sim::model {

/// A request as the server sees it: the command's name and what follows.
using Arguments = std::span<const std::string_view>;

/// What the server knows of who sends: strangers may not send much at once.
enum class Trust { authenticated, unauthenticated };

/// Takes requests out of a connection's bytes, in whatever pieces these come: arrays of bulk
/// strings and inline commands, with the server's own protocol errors.
///
/// Used as begin(bytes), next() until it says something other than request, end(). What is not
/// whole is kept until the next begin(). Whole requests are not copied.
class RequestReader {
 public:
  enum class Found { request, incomplete, protocol_error };

  explicit RequestReader(std::size_t bulk_bytes_max) : bulk_bytes_max_(bulk_bytes_max) {}

  /// `bytes` must stay where they are until end().
  void begin(std::string_view bytes);

  /// After `request`, arguments() holds it (nothing, if the line was empty); after
  /// `protocol_error`, error() says what the server would, and nothing more can be read.
  Found next(Trust trust);
  void end();

  /// Valid until the next call of next() or end().
  Arguments arguments() const { return arguments_; }
  const std::string& error() const { return error_; }

 private:
  struct Piece {
    std::size_t begin;
    std::size_t size;
  };

  std::string_view rest() const { return input_.substr(start_ + position_); }
  Found next_inline();
  Found next_multibulk(Trust trust);
  Found begin_multibulk(Trust trust);
  Found next_bulk(Trust trust);
  Found finish(std::size_t end);
  Found fail(std::string text);

  std::size_t bulk_bytes_max_;
  std::string kept_;
  std::string_view input_;
  std::size_t start_ = 0;     // of the request, in input_
  std::size_t position_ = 0;  // of what is to be read next, behind start_

  enum class Expects { any_request, inline_request } expects_ = Expects::any_request;
  std::size_t bulks_left_ = 0;
  bool in_bulk_ = false;
  std::size_t bulk_size_ = 0;
  std::vector<Piece> pieces_;

  std::vector<std::string_view> arguments_;
  std::vector<std::string> unquoted_;
  std::string error_;
};

}  // namespace plimsoll::sim::model
