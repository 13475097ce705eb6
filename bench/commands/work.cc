#include "plimsoll/bench/commands/work.h"

namespace plimsoll::bench {

std::string_view name(Work work) {
  switch (work) {
    case Work::get_set: return "GET and SET, 9 to 1";
    case Work::mget: return "MGET of 16";
    case Work::hgetall: return "HGETALL of 20 fields";
    case Work::big_values: return "GET of 10 KiB";
  }
  return "";
}

std::string mget_key(std::size_t index) {
  const std::string number = std::to_string(index);
  return "bench:" + std::string(2 - number.size(), '0') + number;
}

std::string preparation(std::size_t line) {
  const std::string small(small_value_bytes, 's');
  if (line == 0) return "SET " + std::string(small_key) + " " + small;
  if (line == 1) return "SET " + std::string(big_key) + " " + std::string(big_value_bytes, 'b');
  if (line == 2) {
    std::string command = "HSET " + std::string(hash_key);
    for (std::size_t i = 0; i < hash_fields_count; ++i) {
      command += " field:" + std::to_string(i) + " " + std::string(field_value_bytes, 'f');
    }
    return command;
  }
  return "SET " + mget_key(line - 3) + " " + small;
}

}  // namespace plimsoll::bench
