#include "plimsoll/core/cluster/replication_report.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace plimsoll::inline v0 {
namespace {

// A longer line is cut off. The longest that matters describes a replica: its host, and some 80
// bytes around it.
constexpr std::size_t info_line_bytes_max = 512;

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

bool read_number(std::string_view text, std::uint64_t& number) {
  std::uint64_t read = 0;
  for (char c : text) {
    if (c < '0' || c > '9' || read > (UINT64_MAX - 9) / 10) return false;
    read = read * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (text.empty()) return false;
  number = read;
  return true;
}

// "slave0", "slave1"...
bool names_replica(std::string_view name) {
  constexpr std::string_view begin = "slave";
  return name.starts_with(begin) && name.size() > begin.size() && name[begin.size()] >= '0' &&
         name[begin.size()] <= '9';
}

}  // namespace

ZoneName::ZoneName(std::string_view text) {
  if (text.size() > bytes_max) return;
  size_ = static_cast<std::uint8_t>(text.size());
  std::copy(text.begin(), text.end(), text_.begin());
}

void ReplicationReport::read(const BytesView& text) {
  std::array<char, info_line_bytes_max> line;
  std::size_t size = 0;
  text.for_each_piece([&](std::string_view piece) {
    while (!piece.empty()) {
      const std::size_t end = std::min(piece.find('\n'), piece.size());
      const std::size_t taken = std::min(end, line.size() - size);
      std::memcpy(line.data() + size, piece.data(), taken);
      size += taken;
      if (end == piece.size()) return;
      read_line({line.data(), std::exchange(size, 0)});
      piece.remove_prefix(end + 1);
    }
  });
  read_line({line.data(), size});
}

void ReplicationReport::read(std::string_view text) {
  while (!text.empty()) read_line(take_until(text, '\n').substr(0, info_line_bytes_max));
}

void ReplicationReport::read_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string_view name = take_until(line, ':');
  read_field(name, line);
}

void ReplicationReport::read_field(std::string_view name, std::string_view value) {
  if (name == "role") {
    role = value == "master" ? Role::primary : value == "slave" ? Role::replica : Role::unknown;
  } else if (name == "master_link_status") {
    is_link_up = value == "up";
  } else if (name == "master_replid") {
    history = {};
    if (value.size() == history.size()) std::copy(value.begin(), value.end(), history.begin());
  } else if (name == (role == Role::replica ? "slave_repl_offset" : "master_repl_offset")) {
    has_offset = read_number(value, offset);
  } else if (name == "availability_zone") {
    zone = ZoneName(value);
  } else if (names_replica(name)) {
    read_replica(value);
  }
}

// "ip=10.0.0.1,port=6379,state=online,offset=7,lag=0". One that is still being given the data is
// no replica yet.
void ReplicationReport::read_replica(std::string_view fields) {
  std::string_view host;
  std::string_view port;
  bool is_online = false;
  while (!fields.empty()) {
    std::string_view field = take_until(fields, ',');
    const std::string_view name = take_until(field, '=');
    if (name == "ip") host = field;
    if (name == "port") port = field;
    if (name == "state") is_online = field == "online";
  }
  if (!is_online) return;
  const auto address = NodeAddress::read(host, port);
  const auto known = known_replicas();
  if (address && std::find(known.begin(), known.end(), *address) != known.end()) return;
  if (!address || replicas_count == replicas_max) {
    ++replicas_left_out;
    return;
  }
  replicas[replicas_count++] = *address;
}

}  // namespace plimsoll::inline v0
