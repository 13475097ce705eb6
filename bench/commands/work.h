#pragma once

// What a program does all day with one connection, 100 requests in flight: the same for every
// contender.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/bench/pipeline/contender.h"

namespace plimsoll::bench {

enum class Work : std::uint8_t {
  get_set,     ///< nine GETs of 100 B, then a SET of as much
  mget,        ///< MGET of 16 values of 100 B
  hgetall,     ///< HGETALL of 20 fields
  big_values,  ///< GET of 10 KiB
};
inline constexpr std::array all_work{Work::get_set, Work::mget, Work::hgetall, Work::big_values};

std::string_view name(Work work);

inline constexpr std::size_t in_flight_count = 100;
inline constexpr std::size_t sets_one_in = 10;
inline constexpr std::size_t mget_keys_count = 16;
inline constexpr std::size_t hash_fields_count = 20;
inline constexpr std::size_t small_value_bytes = 100;
inline constexpr std::size_t field_value_bytes = 20;
inline constexpr std::size_t big_value_bytes = 10 * 1024;

inline constexpr const char* small_key = "bench:small";
inline constexpr const char* hash_key = "bench:hash";
inline constexpr const char* big_key = "bench:big";
/// "bench:00" to "bench:15".
std::string mget_key(std::size_t index);

/// The commands, as one line each, that make the keys.
std::string preparation(std::size_t line);
inline constexpr std::size_t preparation_lines = 3 + mget_keys_count;

std::unique_ptr<Contender> make_hiredis_work(const Endpoint& endpoint, Work work);

/// Ours, by its typed calls with callbacks. `url` may ask for TLS; `ca_file` is who signed then.
std::unique_ptr<Contender> make_our_work(const std::string& url, const std::string& ca_file,
                                         Work work);

/// A loop that counts bytes and looks at nothing, on OpenSSL if `ca_file` is given. Only for works
/// whose replies all have one size: mget and big_values.
std::unique_ptr<Contender> make_raw_work(const Endpoint& endpoint, const std::string& ca_file,
                                         Work work);

}  // namespace plimsoll::bench
