#include "plimsoll/native/container/location.h"

#include <algorithm>
#include <optional>

#include "plimsoll/native/container/values.h"

namespace plimsoll::inline v0::native::container {
namespace {

constexpr const char* cgroup_file = "/proc/self/cgroup";
constexpr const char* mountinfo_file = "/proc/self/mountinfo";

struct Mount {
  std::string root;   // the cgroup that is mounted, as this process sees it
  std::string point;  // where it is mounted
};

bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    const std::size_t comma = std::min(options.find(','), options.size());
    if (options.substr(0, comma) == wanted) return true;
    options.remove_prefix(std::min(comma + 1, options.size()));
  }
  return false;
}

bool is_octal(char digit) { return digit >= '0' && digit <= '7'; }

// Decodes a path of mountinfo, where a blank is "\040" and a backslash "\134".
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
                           is_octal(text[i + 2]) && is_octal(text[i + 3]);
    if (!is_escape) {
      plain += text[i];
      continue;
    }
    plain +=
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
    i += 3;
  }
  return plain;
}

// Parses "36 35 0:32 / /sys/fs/cgroup/memory rw,relatime shared:1 - cgroup cgroup rw,memory".
std::optional<Mount> read_mount(std::string_view line, CgroupVersion version) {
  for (int i = 0; i < 3; ++i) take_word(line);
  const std::string_view root = take_word(line);
  const std::string_view point = take_word(line);
  while (!line.empty() && take_word(line) != "-") {
  }
  const std::string_view type = take_word(line);
  take_word(line);
  const bool is_wanted = version == CgroupVersion::v2
                             ? type == "cgroup2"
                             : type == "cgroup" && has_option(line, "memory");
  if (!is_wanted) return std::nullopt;
  return Mount{.root = unescaped(root), .point = unescaped(point)};
}

// Returns the process's cgroup in one of the hierarchies: the path of "4:memory:/a/b" or "0::/a/b".
std::optional<std::string_view> find_path(std::string_view cgroup, CgroupVersion version) {
  while (!cgroup.empty()) {
    std::string_view line = take_line(cgroup);
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool is_wanted = version == CgroupVersion::v2 ? line.substr(0, first) == "0" &&  //
                                                              controllers.empty()
                                                        : has_option(controllers, "memory");
    if (is_wanted) return line.substr(second + 1);
  }
  return std::nullopt;
}

std::vector<std::string_view> names_of(std::string_view path) {
  std::vector<std::string_view> names;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) names.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return names;
}

// Returns the names that lead from a mount's root to a cgroup. Returns nothing if the cgroup is not
// below that root, or if a namespace hides the names between them ("..").
std::optional<std::vector<std::string_view>> way(std::string_view root, std::string_view path) {
  const std::vector<std::string_view> above = names_of(root);
  std::vector<std::string_view> names = names_of(path);
  if (above.size() > names.size() || !std::equal(above.begin(), above.end(), names.begin())) {
    return std::nullopt;
  }
  names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(above.size()));
  if (std::find(names.begin(), names.end(), "..") != names.end()) return std::nullopt;
  return names;
}

Location located(CgroupVersion version, std::string_view path, std::string_view mountinfo) {
  Location location{.version = version};
  std::optional<Mount> mount;
  std::optional<std::vector<std::string_view>> names;
  while (!mountinfo.empty()) {
    const std::optional<Mount> other = read_mount(take_line(mountinfo), version);
    if (!other) continue;
    const auto other_names = way(other->root, path);
    // Prefers the mount that shows the most cgroups above. Among equal mounts the last wins,
    // because it hides the others.
    if (mount && (names ? !other_names || other_names->size() < names->size() : !other_names)) {
      continue;
    }
    mount = other;
    names = other_names;
  }
  if (!mount) {
    location.problem = std::string(mountinfo_file) + " has no mount of the cgroup " +
                       name(version) + " hierarchy with memory, in which " + cgroup_file +
                       " says that this process is";
    return location;
  }
  std::string directory = mount->point == "/" ? "" : mount->point;
  location.directories.push_back(directory);
  if (!names) {
    location.problem = std::string(cgroup_file) + " says " + std::string(path) +
                       ", which is not below " + mount->root + ", the top of what is mounted at " +
                       mount->point + ": the limits there are the only ones that can be read";
    return location;
  }
  for (const std::string_view each : *names) {
    directory.append("/").append(each);
    location.directories.push_back(directory);
  }
  std::reverse(location.directories.begin(), location.directories.end());
  if (location.directories.size() > cgroup_depth_max) {
    location.problem = std::string(cgroup_file) + " says that this process is in " +
                       std::to_string(location.directories.size()) +
                       " cgroups above each other; the " + std::to_string(cgroup_depth_max) +
                       " nearest are looked at";
    location.directories.resize(cgroup_depth_max);
  }
  return location;
}

}  // namespace

const char* name(CgroupVersion version) {
  switch (version) {
    case CgroupVersion::none: return "none";
    case CgroupVersion::v1: return "v1";
    case CgroupVersion::v2: return "v2";
  }
  return "?";
}

Location locate(std::string_view cgroup, std::string_view mountinfo) {
  for (const CgroupVersion version : {CgroupVersion::v1, CgroupVersion::v2}) {
    const auto path = find_path(cgroup, version);
    if (path) return located(version, *path, mountinfo);
  }
  Location location;
  if (!cgroup.empty() && cgroup.find(':') == cgroup.npos) {
    location.problem =
        std::string(cgroup_file) + R"( has no line such as "0::/path" or "4:memory:/path")";
  }
  return location;
}

}  // namespace plimsoll::inline v0::native::container
