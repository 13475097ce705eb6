#include "plimsoll/native/driver/client_notices.h"

#include <memory>
#include <new>
#include <string>

#include "plimsoll/log.h"
#include "plimsoll/native/base/plain_text.h"
#include "plimsoll/native/base/steady_now.h"

namespace plimsoll::inline v0::native {
namespace {

// The least time between two log records of a client about the same trouble.
constexpr Duration warning_interval_min = std::chrono::minutes(1);

}  // namespace

// Calls Options::on_connection, and logs a warning, in its place among the outcomes.
class ClientNotices::Notice final : public Operation {
 public:
  /// `warning`: null if nothing is to be logged.
  Notice(const ClientNotices& notices, ConnectionEvent::Kind kind, Warning warning)
      : Operation(false),
        notices_(notices),
        event_{.kind = kind, .server = notices.server_},
        warning_(warning) {}

  using Operation::handle_submitted;
  void handle_submitted(CallTarget&, RequestId) override {}
  bool deliver(const Delivery& delivery) noexcept override {
    Result<void> why;
    if (!take(delivery, why)) event_.error = why.error();
    return true;
  }
  void complete() override {
    const std::unique_ptr<Notice> self(this);
    if (warning_ != nullptr) warning_(notices_, event_.error ? event_.error->what() : "");
    const auto& on_connection = notices_.target_.options.on_connection;
    if (on_connection) on_connection(event_);
  }
  void destroy() override { delete this; }

 private:
  friend struct std::default_delete<Notice>;
  ~Notice() = default;

  const ClientNotices& notices_;
  ConnectionEvent event_;
  const Warning warning_;
};

bool ClientNotices::Seldom::is_due() {
  const Instant time = steady_now();
  if (time < next_) return false;
  next_ = time + warning_interval_min;
  return true;
}

// If there is no memory for the notice, the event is not reported: the outcomes that come after it
// matter more.
void ClientNotices::notify(ConnectionEvent::Kind kind, const Delivery& delivery, bool is_connecting,
                           OperationList& ready) {
  const Warning warning = warning_of(kind, delivery, is_connecting);
  if (!target_.options.on_connection && warning == nullptr) return;
  try {
    auto* const notice = new Notice(*this, kind, warning);
    notice->deliver(delivery);
    ready.push(*notice);
  } catch (const std::bad_alloc&) {
  }
}

// Returns null if the event does not go to the log. If connect() is still under way, its error says
// why the client was closed.
ClientNotices::Warning ClientNotices::warning_of(ConnectionEvent::Kind kind,
                                                 const Delivery& delivery, bool is_connecting) {
  switch (kind) {
    case ConnectionEvent::Kind::connected:
    case ConnectionEvent::Kind::disconnected: return nullptr;
    case ConnectionEvent::Kind::closed:
      if (delivery.error->code == ErrorCode::closed || is_connecting) return nullptr;
      return [](const ClientNotices& notices, std::string_view why) {
        notices.warn("plimsoll.client.gave_up", "has given up connecting", why);
      };
    case ConnectionEvent::Kind::credentials_refused:
      if (!refused_.is_due()) return nullptr;
      return [](const ClientNotices& notices, std::string_view why) {
        notices.warn("plimsoll.client.credentials_refused", "was refused new credentials", why);
      };
  }
  return nullptr;
}

void ClientNotices::handle_no_credentials(std::string_view why) {
  if (!credentials_.is_due()) return;
  warn("plimsoll.client.credentials_missing", "was given no credentials", why);
}

void ClientNotices::handle_unreadable_tls_files(std::string_view why) {
  if (!tls_.is_due()) return;
  warn("plimsoll.client.tls_files_unreadable", "goes on with the TLS files that it read before",
       why);
}

void ClientNotices::handle_refused_address(std::string_view address, std::string_view why) {
  if (!address_.is_due()) return;
  std::string words(address);
  words.append(": ").append(why);
  warn("plimsoll.client.address_refused", "does not connect to an address that it was given",
       words);
}

void ClientNotices::warn(std::string_view event_name, std::string_view what,
                         std::string_view why) const {
  const std::string number = std::to_string(client_number_);
  const std::string& client_name = target_.options.client_name;
  std::string body = "client " + number;
  if (!client_name.empty()) body += " (" + client_name + ")";
  body.append(" of ").append(server_).append(" ").append(what).append(": ");
  body.append(plain_text(why, why.size()));  // `why` may have the server's words
  log(Severity::warn, event_name, body,
      {{.name = "plimsoll.client", .value = number}, {.name = "server.address", .value = server_}});
}

}  // namespace plimsoll::inline v0::native
