#include "plimsoll/native/bridge/pages/pages.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <boost/beast/core/string.hpp>

#include "plimsoll/native/bridge/http/header_list.h"
#include "plimsoll/native/bridge/pages/content_type.h"
#include "plimsoll/native/bridge/pages/page_folder.h"
#include "plimsoll/native/config/text/bounded_file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace plimsoll::bridge {
namespace {

// Vite puts files here whose names contain a hash of their bytes.
constexpr std::string_view hashed_folder = "/assets/";

// What the map and a page take besides the bytes and the path.
constexpr std::size_t page_overhead_bytes = 256;

struct Coding {
  std::string_view extension;
  std::string_view name;
};

// Brotli first: its files are smaller.
constexpr Coding codings[] = {{".br", "br"}, {".gz", "gzip"}};

std::string etag_of(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  char text[2 * 16 + 3];
  std::snprintf(text, sizeof(text), "\"%016llx%016llx\"",
                static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text;
}

std::string read_page(const PageFile& page, std::size_t bytes_left) {
  std::error_code problem;
  const std::uintmax_t size = std::filesystem::file_size(page.file, problem);
  if (problem) throw std::runtime_error(page.file.native() + ": " + problem.message());
  if (size > bytes_left) {
    throw std::runtime_error("including " + page.file.native() + ", the files have more than " +
                             std::to_string(pages_bytes_max) + " bytes together");
  }
  auto bytes =
      native::config::read_bounded_file(page.file.native(), static_cast<std::size_t>(size));
  if (!bytes) throw std::runtime_error(std::string(bytes.error().text()));
  return std::move(*bytes);
}

// What a page takes in the map, approximately.
std::size_t bytes_of(const PageFile& page, std::size_t size) {
  return size + 2 * page.path.size() + page_overhead_bytes;
}

// Whether the file can be opened, and how large it is. Returns nothing and adds a problem if not.
std::optional<std::size_t> size_of(const PageFile& page, std::vector<std::string>& problems) {
  std::error_code problem;
  const std::uintmax_t size = std::filesystem::file_size(page.file, problem);
  if (!problem && ::access(page.file.c_str(), R_OK) != 0) {
    problem = std::error_code(errno, std::system_category());
  }
  if (!problem) return static_cast<std::size_t>(size);
  problems.push_back(page.file.native() + ": " + problem.message());
  return std::nullopt;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Replaces %XX by the byte. Returns nothing if a % is not followed by two digits.
std::optional<std::string> decoded(std::string_view path) {
  std::string plain;
  for (; !path.empty(); path.remove_prefix(1)) {
    if (path.front() != '%') {
      plain += path.front();
      continue;
    }
    const int high = path.size() > 2 ? digit_of(path[1]) : -1;
    const int low = path.size() > 2 ? digit_of(path[2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    plain += static_cast<char>(high * 16 + low);
    path.remove_prefix(2);
  }
  return plain;
}

// Whether the parameter is q=0, with any number of zeros: the client does not accept the coding.
bool is_refusal(std::string_view parameter) {
  if (!boost::beast::iequals(parameter.substr(0, 2), "q=")) return false;
  return parameter.find_first_not_of("0.", 2) == parameter.npos;
}

// Whether Accept-Encoding names `coding` (RFC 9110, 12.5.3). For * the page goes out uncompressed,
// which is always correct. Not parsed by Beast's ext_list, because that gives the last element the
// parameters of an element before it.
bool accepts(std::string_view accepted, std::string_view coding) {
  while (!accepted.empty()) {
    std::string_view one = take_element(accepted, ',');
    if (!boost::beast::iequals(take_element(one, ';'), coding)) continue;
    while (!one.empty()) {
      if (is_refusal(take_element(one, ';'))) return false;
    }
    return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> first_page_problems(std::vector<std::string> all) {
  if (all.size() <= pages_problems_max) return all;
  const std::size_t more = all.size() - pages_problems_max;
  all.resize(pages_problems_max);
  all.back() += "; and " + std::to_string(more) + " more problems with files and folders";
  return all;
}

PagesCheck check_pages(const std::string& folder) {
  PageFolder found = list_pages(folder, pages_files_max);
  PagesCheck check{.problems = std::move(found.problems)};
  std::size_t bytes = 0;
  std::size_t largest = 0;
  std::string name_of_largest;
  for (const PageFile& each : found.files) {
    const auto size = size_of(each, check.problems);
    if (!size) continue;
    bytes += *size;
    check.bytes += bytes_of(each, *size);
    if (*size <= largest) continue;
    largest = *size;
    name_of_largest = each.file.native();
  }
  if (bytes > pages_bytes_max) {
    check.problems.push_back(folder + ": the files have " + std::to_string(bytes) +
                             " bytes together, of which " + name_of_largest + " has " +
                             std::to_string(largest) + "; expected " +
                             std::to_string(pages_bytes_max) + " at most");
  }
  if (found.files.empty() && check.problems.empty()) {
    check.problems.push_back(folder + ": has no file to serve");
  }
  check.problems = first_page_problems(std::move(check.problems));
  return check;
}

Pages::Pages(const std::string& folder) {
  PageFolder found = list_pages(folder, pages_files_max);
  if (!found.problems.empty()) throw std::runtime_error(found.problems.front());
  if (found.files.empty()) throw std::runtime_error(folder + " has no file to serve");
  std::size_t bytes_left = pages_bytes_max;
  for (PageFile& each : found.files) {
    Page page;
    page.bytes = read_page(each, bytes_left);
    page.type = content_type_of(each.path);
    page.etag = etag_of(page.bytes);
    page.is_hashed = each.path.starts_with(hashed_folder);
    bytes_left -= page.bytes.size();
    bytes_ += bytes_of(each, page.bytes.size());
    pages_.emplace(std::move(each.path), std::move(page));
  }
  left_out_ = std::move(found.left_out);
}

const Page* Pages::at(const std::string& path) const {
  const auto found = pages_.find(path);
  return found == pages_.end() ? nullptr : &found->second;
}

PageChoice Pages::find(std::string_view target, std::string_view accepted) const {
  PageChoice choice;
  std::optional<std::string> path = decoded(target.substr(0, target.find('?')));
  if (!path) return choice;
  if (path->ends_with('/')) path->append("index.html");
  choice.page = at(*path);
  if (choice.page == nullptr) return choice;
  choice.type = choice.page->type;
  for (const Coding& coding : codings) {
    const Page* const coded = at(*path + std::string(coding.extension));
    if (coded == nullptr) continue;
    choice.has_codings = true;
    if (!choice.coding.empty() || !accepts(accepted, coding.name)) continue;
    choice.page = coded;
    choice.coding = coding.name;
  }
  return choice;
}

}  // namespace plimsoll::bridge
