#pragma once

#include <string>

#include "plimsoll/native/transport/transport_problem.h"

// What went wrong with TLS, in the core's words and in those of the case.

struct ssl_st;
struct x509_store_ctx_st;

namespace plimsoll::native {

/// What a peer has said when something fails.
enum class Heard : std::uint8_t { nothing, tls, something_else };

/// Why a certificate was not accepted. `wanted` is the host that it should be of.
TransportProblem certificate_problem(x509_store_ctx_st& verification, const std::string& wanted);

/// What OpenSSL has in its queue of errors after an operation that failed; empties the queue.
TransportProblem failure_of_openssl(Heard heard);

/// The text of the first of these errors, for files and options; empties the queue.
std::string take_openssl_reason();

}  // namespace plimsoll::native
