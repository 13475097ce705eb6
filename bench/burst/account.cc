#include "plimsoll/bench/burst/account.h"

#include <sstream>

namespace plimsoll::bench {

std::string to_line(const Account& account) {
  std::ostringstream text;
  text << account.done << ' ' << account.accounted << ' ' << account.accounted_peak << ' '
       << account.own << ' ' << account.own_peak;
  return text.str();
}

std::optional<Account> from_line(std::string_view line) {
  std::istringstream text{std::string(line)};
  Account account;
  text >> account.done >> account.accounted >> account.accounted_peak >> account.own >>
      account.own_peak;
  std::string more;
  if (!text || text >> more) return std::nullopt;
  return account;
}

std::vector<std::string> arguments_of(const WorkerOptions& options) {
  std::vector<std::string> arguments{
      "--worker", options.client == Client::plimsoll ? "plimsoll" : "hiredis",
      "--socket", options.socket_path,
      "--seed",   std::to_string(options.seed)};
  if (options.give_back) arguments.emplace_back("--give-back");
  if (options.bounded) arguments.emplace_back("--bounded");
  return arguments;
}

}  // namespace plimsoll::bench
