#pragma once

#include <string>

#include "plimsoll/native/transport/transport_problem.h"

// What went wrong with TLS: a core Error, and words about the particular case.

struct ssl_st;
struct x509_store_ctx_st;

namespace plimsoll::inline v0::native {

/// What the peer had sent before the failure.
enum class Heard : std::uint8_t { nothing, tls, something_else };

/// Why a certificate was not accepted. `wanted` is the host that the certificate should be valid
/// for.
TransportProblem certificate_problem(x509_store_ctx_st& verification, const std::string& wanted);

/// Turns OpenSSL's queue of errors, after an operation that failed, into a problem. Empties the
/// queue.
TransportProblem failure_of_openssl(Heard heard);

/// Why OpenSSL must not open this path; null if it may. It would wait for ever until somebody
/// writes into a pipe, and another read would find nothing there.
const char* reason_against_opening(const std::string& path);

/// Returns the text of the first error in the queue, for files and options. Empties the queue.
std::string take_openssl_reason();

}  // namespace plimsoll::inline v0::native
