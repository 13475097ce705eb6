#include "plimsoll/core/base/error.h"

#include "plimsoll/core/base/text_writer.h"

namespace plimsoll::inline v0 {

std::string_view name(ErrorCode code) {
  switch (code) {
    case ErrorCode::lost_unsent: return "lost_unsent";
    case ErrorCode::lost_in_doubt: return "lost_in_doubt";
    case ErrorCode::timed_out: return "timed_out";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::rejected_by_limit: return "rejected_by_limit";
    case ErrorCode::reply_too_large: return "reply_too_large";
    case ErrorCode::out_of_memory: return "out_of_memory";
    case ErrorCode::server_error: return "server_error";
    case ErrorCode::cluster_redirect: return "cluster_redirect";
    case ErrorCode::cluster_down: return "cluster_down";
    case ErrorCode::transaction_aborted: return "transaction_aborted";
    case ErrorCode::protocol_error: return "protocol_error";
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::invalid_option: return "invalid_option";
    case ErrorCode::refused_command: return "refused_command";
    case ErrorCode::wrong_type: return "wrong_type";
    case ErrorCode::connect_failed: return "connect_failed";
    case ErrorCode::connection_lost: return "connection_lost";
    case ErrorCode::connection_dead: return "connection_dead";
    case ErrorCode::server_loading: return "server_loading";
    case ErrorCode::primary_down: return "primary_down";
    case ErrorCode::server_busy: return "server_busy";
    case ErrorCode::too_many_clients: return "too_many_clients";
    case ErrorCode::protected_mode: return "protected_mode";
    case ErrorCode::tls_failed: return "tls_failed";
    case ErrorCode::credentials_failed: return "credentials_failed";
    case ErrorCode::certificate_invalid: return "certificate_invalid";
    case ErrorCode::authentication_failed: return "authentication_failed";
    case ErrorCode::permission_denied: return "permission_denied";
    case ErrorCode::unsupported_protocol: return "unsupported_protocol";
    case ErrorCode::unknown_database: return "unknown_database";
    case ErrorCode::tracking_refused: return "tracking_refused";
    case ErrorCode::closed: return "closed";
    case ErrorCode::forked: return "forked";
    case ErrorCode::unknown_command: return "unknown_command";
    case ErrorCode::not_enough_replicas: return "not_enough_replicas";
    case ErrorCode::read_only_replica: return "read_only_replica";
    case ErrorCode::persistence_failed: return "persistence_failed";
    case ErrorCode::server_out_of_memory: return "server_out_of_memory";
    case ErrorCode::refused_by_bridge: return "refused_by_bridge";
  }
  return "unknown";
}

std::string_view name(Executed executed) {
  switch (executed) {
    case Executed::no: return "no";
    case Executed::maybe: return "maybe";
    case Executed::yes: return "yes";
  }
  return "unknown";
}

std::string_view describe(const Error& error, std::span<char> out) {
  TextWriter writer(out);
  writer.append(name(error.code));
  writer.append(": ");
  writer.append(error.what);
  if (error.expected != nullptr) {
    writer.append("; expected ");
    writer.append(error.expected);
  }
  const bool has_value = error.value != Error::no_number;
  const bool has_limit = error.limit != Error::no_number;
  if (has_value || has_limit) {
    writer.append(" (");
    if (has_value) {
      writer.append("is ");
      writer.append(error.value);
    }
    if (has_limit) {
      writer.append(has_value ? ", limit " : "limit ");
      writer.append(error.limit);
    }
    writer.append(")");
  }
  if (error.offset != Error::no_number) {
    writer.append(" at byte ");
    writer.append(error.offset);
  }
  return writer.text();
}

}  // namespace plimsoll::inline v0
