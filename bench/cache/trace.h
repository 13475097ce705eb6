#pragma once

// Who asked for what: traces of requests, as they were recorded or as they are made up.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::bench {

struct TraceRequest {
  std::uint32_t id;
  std::uint32_t bytes;  ///< of the value; 1 where a trace does not say
};
using Trace = std::vector<TraceRequest>;

/// Reads a file of little-endian numbers of 32 bits: an id for each request, or where its name has
/// ".u32x2" in it an id and a size. It may be compressed by xz, whatever its name. Ends the process
/// where it cannot be read, or ends within a request.
Trace read_trace(const std::string& path);

/// The same for bytes that are at hand: `sized` says which of the two.
enum class TraceKind { ids, sized };
Trace parse_trace(const std::string& bytes, TraceKind kind);

/// So many requests, the same for the same seed: some keys are popular, which ones changes, and
/// now and then all of a range is read once.
Trace make_trace(std::uint64_t seed, std::size_t requests);

}  // namespace plimsoll::bench
