#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::sim::model {

enum class Protocol : std::uint8_t { resp2 = 2, resp3 = 3 };

/// Writes replies in a connection's protocol to the end of its output.
class Replies {
 public:
  /// Both are asked again at every reply: HELLO changes the protocol in the middle of a request.
  Replies(std::string& output, const Protocol& protocol) : output_(&output), protocol_(&protocol) {}

  void ok() { output_->append("+OK\r\n"); }
  void simple(std::string_view text) { line('+', text); }

  /// "-ERR " and the text, unless this brings its own code: "-WRONGPASS ...".
  void error(std::string_view text);
  void integer(std::int64_t number) { head(':', number); }
  void bulk(std::string_view bytes);
  void bulk_integer(std::int64_t number);
  void null();
  void null_array();

  /// What follows these counts as their elements; a map has two for each of `count`.
  void array(std::size_t count) { head('*', static_cast<std::int64_t>(count)); }
  void map(std::size_t count);
  void set(std::size_t count);
  void push(std::size_t count);

  std::size_t errors() const { return errors_; }

 private:
  void line(char type, std::string_view text);
  void head(char type, std::int64_t number);

  std::string* output_;
  const Protocol* protocol_;
  std::size_t errors_ = 0;
};

}  // namespace plimsoll::sim::model
