#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "plimsoll/tls_options.h"

// Looks at the files that TlsOptions name, and finds everything that is wrong with them, where
// native::TlsContext stops at the first problem.

namespace plimsoll::bridge {

/// What is wrong with one file.
struct TlsFileProblem {
  std::string field;  ///< "certificate_file"
  std::string text;   ///< begins with the file's name; contains nothing of a key
};

struct TlsFileProblems {
  std::vector<TlsFileProblem> problems;
  /// Certificates that are not valid at this time. They can be replaced while the bridge runs.
  std::vector<TlsFileProblem> warnings;
};

/// Reads ca_file, certificate_file and key_file, as far as `options` name them.
TlsFileProblems check_tls_files(const native::TlsOptions& options,
                                std::chrono::system_clock::time_point now);

}  // namespace plimsoll::bridge
