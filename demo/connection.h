// The client as the demo uses it: a Store of the model's keys, and what is asked of the server and
// of the client besides. Everything happens on the thread that runs `io`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "plimsoll/client.h"
#include "plimsoll/demo/model.h"
#include "plimsoll/demo/request.h"
#include "plimsoll/demo/store.h"

namespace plimsoll::demo {

class Connection : public Store {
 public:
  struct Target {
    std::string url;
    std::string prefix;        // stands before every key
    std::string memory_limit;  // empty: the client's default
    std::uint8_t read_resends_max = 0;
  };

  /// Connects. Throws native::Error if that fails. Model and io must outlive this.
  Connection(boost::asio::io_context& io, const Model& model, const Target& target);

  void send(const Request& request, std::function<void(Outcome)> done) override;

  /// The value of a field of INFO, such as "valkey_version" of "server"; empty if the server has
  /// none of this name. Throws native::Error.
  std::string info(std::string_view section, std::string_view field);

  /// Adds members to a set of this name, behind the prefix. Throws native::Error.
  void add_to_set(std::string_view key, const Members& members);

  [[nodiscard]] native::Client& client() { return client_; }
  [[nodiscard]] native::Statistics statistics() const { return client_.statistics(); }

 private:
  using Done = std::function<void(Outcome)>;

  void read(Topic topic, const std::string& key, Done done);
  void write(const Request& request, const std::string& key, Done done);

  boost::asio::io_context& io_;
  const Model& model_;
  std::string prefix_;
  native::Client client_;
};

}  // namespace plimsoll::demo
