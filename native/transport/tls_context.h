#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "plimsoll/native/base/file_watch.h"
#include "plimsoll/result.h"
#include "plimsoll/tls_options.h"

// What the TLS connections of a client share: the settings from TlsOptions and the files that they
// name, and the last session, which shortens the next handshake. Or what the TLS connections of a
// server share. Connections may be opened in several threads, and used in those. The functions that
// are about the connection opened last are for those who open one at a time, as a client's turns
// do.

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace plimsoll::inline v0::native {

struct FreeSsl {
  void operator()(ssl_st* ssl) const;
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_session_st* session) const;
};

class TlsContext {
 public:
  /// For connections to `host`, or to the host of each open(), unless the options name another
  /// host. The error invalid_option names the field, and the file.
  static Result<std::unique_ptr<TlsContext>> create(const TlsOptions& options,
                                                    const std::string& host);
  /// The same, or null if the options want no TLS.
  static Result<std::unique_ptr<TlsContext>> create_if_enabled(const TlsOptions& options,
                                                               const std::string& host) {
    if (!options.enabled) return std::unique_ptr<TlsContext>();
    return create(options, host);
  }
  /// For connections that this process accepts. The options must have certificate_file and
  /// key_file; the options about trust have no effect.
  static Result<std::unique_ptr<TlsContext>> create_server(const TlsOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  bool is_server() const { return role_ == Role::server; }

  /// Returns the TLS state for a new connection, which must not outlive this context. Reads files
  /// again that have changed; if that fails, problem() says why, and the previous contents stay in
  /// force. Null: out of memory.
  std::unique_ptr<ssl_st, FreeSsl> open();

  /// The same, for a connection to another host than the one before, if that is so.
  std::unique_ptr<ssl_st, FreeSsl> open(const std::string& host);

  /// Why the files could not be read again at the last attempt; empty if they could.
  std::string problem() const;

  /// Returns the digest of the certificate that the client shows on a connection just made by
  /// open(), or an empty string if it has none.
  std::string own_certificate() const;

  /// The host that the server's certificate must be valid for, of the connection opened last.
  const std::string& wanted() const { return name_; }

  const TlsOptions& options() const { return options_; }

  /// OpenSSL's callback calls this when a session that can be resumed has arrived, on a connection
  /// whose host has that number.
  void keep_session(const ssl_session_st& session, std::uintptr_t name_number);

 private:
  enum class Role : std::uint8_t { client, server };

  TlsContext(Role role, const TlsOptions& options, const std::string& host);
  static Result<std::unique_ptr<TlsContext>> make(Role role, const TlsOptions& options,
                                                  const std::string& host);
  Result<void> set_up_client(ssl_ctx_st* context);
  void set_name(const std::string& host);
  std::unique_ptr<ssl_st, FreeSsl> open_locked();
  Result<void> read();

  const Role role_;
  const TlsOptions options_;
  mutable std::mutex mutex_;  // of all that follows
  std::string name_;
  std::uintptr_t name_number_ = 0;  // counts changes of the name
  bool name_is_address_ = false;
  FileWatch files_;
  std::string problem_;
  std::unique_ptr<ssl_ctx_st, FreeSsl> context_;
  std::unique_ptr<ssl_session_st, FreeSsl> session_;
};

}  // namespace plimsoll::inline v0::native
