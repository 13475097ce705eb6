#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/options.h"

namespace plimsoll::inline v0::native {

/// Reports a client's events, other than outcomes of calls, to Options::on_connection and to the
/// process's log. Used only in the client's turns.
class ClientNotices {
 public:
  /// `client_number` is the owner of the client's accounts. `target` must outlive this.
  ClientNotices(const Target& target, std::uint64_t client_number)
      : target_(target), client_number_(client_number), server_(first_server_of(target)) {}

  /// Adds a notice to `ready`. When it completes, it calls Options::on_connection, and logs what
  /// the operator should know. `is_connecting`: connect() is still under way, and its error will
  /// say what went wrong.
  void notify(ConnectionEvent::Kind kind, const Delivery& delivery, bool is_connecting,
              OperationList& ready);

  /// The server that the next notices are about, "127.0.0.1:6379".
  void set_server(std::string server) { server_ = std::move(server); }

  void handle_no_credentials(std::string_view why);
  void handle_unreadable_tls_files(std::string_view why);
  void handle_refused_address(std::string_view address, std::string_view why);

 private:
  class Notice;

  // Limits how often the same warning is logged.
  class Seldom {
   public:
    bool is_due();

   private:
    Instant next_ = Instant::min();
  };

  // Until sentinels have told an address, the name under which they watch the primary stands for
  // it.
  static std::string first_server_of(const Target& target) {
    const std::string& name = target.primary_name;
    return name.empty() ? target.endpoints.front().to_string() : name;
  }

  using Warning = void (*)(const ClientNotices& notices, std::string_view why);
  Warning warning_of(ConnectionEvent::Kind kind, const Delivery& delivery, bool is_connecting);
  void warn(std::string_view event_name, std::string_view what, std::string_view why) const;

  const Target& target_;
  const std::uint64_t client_number_;
  std::string server_;
  Seldom refused_;
  Seldom credentials_;
  Seldom tls_;
  Seldom address_;
};

}  // namespace plimsoll::inline v0::native
