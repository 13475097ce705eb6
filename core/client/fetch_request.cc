#include "plimsoll/core/client/fetch_request.h"

#include <string_view>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

constexpr std::string_view caching_yes = "*3\r\n$6\r\nCLIENT\r\n$7\r\nCACHING\r\n$3\r\nYES\r\n";
constexpr std::string_view ping_in_front = "*1\r\n$4\r\nPING\r\n";
constexpr std::string_view pttl = "*2\r\n$4\r\nPTTL\r\n";

}  // namespace

Block encode_fetch(const FetchRequest& request, const commands::Question& question,
                   const CommandView& command, Account& requests) {
  const std::string_view opts_in = request.opts_in ? caching_yes : std::string_view();
  const std::string_view proof = request.asks_proof ? ping_in_front : std::string_view();
  std::size_t bytes = proof.size() + opts_in.size() + encoded_size(command);
  for (std::size_t i = 0; i < request.expiries_count; ++i) {
    const std::size_t key_bytes = commands::key_of(question, i).size();
    bytes += opts_in.size() + pttl.size() + encoding::bulk_size(key_bytes);
  }
  Block all = Block::allocate(requests, bytes);
  if (!all) return all;
  char* end = copy_bytes(proof, static_cast<char*>(all.data()));
  for (std::size_t i = 0; i < request.expiries_count; ++i) {
    end = copy_bytes(pttl, copy_bytes(opts_in, end));
    end = encoding::write_bulk(end, commands::key_of(question, i));
  }
  end = encode(command, copy_bytes(opts_in, end));
  PLIMSOLL_CHECK(end == static_cast<char*>(all.data()) + bytes);
  return all;
}

}  // namespace plimsoll::inline v0
