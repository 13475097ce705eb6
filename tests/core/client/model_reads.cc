#include "plimsoll/tests/core/client/model_reads.h"

#include <cstddef>

#include "plimsoll/tests/core/client/peer.h"

namespace plimsoll::testing {
namespace {

using Data = std::map<std::string, std::vector<std::string>>;

std::string number_reply(std::size_t number) { return ":" + std::to_string(number) + "\r\n"; }
std::string header_of(char sign, std::size_t count) {
  return sign + std::to_string(count) + "\r\n";
}

std::string list_reply(const std::vector<std::string>& texts, char sign, std::size_t count) {
  std::string reply = header_of(sign, count);
  for (const std::string& each : texts) reply += bulk_reply(each);
  return reply;
}

std::string last_reply(const Data& data, const std::string& key) {
  const auto found = data.find(key);
  return found == data.end() ? "_\r\n" : bulk_reply(found->second.back());
}

}  // namespace

std::optional<std::string> answer_of_read(const Data& data, const Words& words) {
  const std::string& name = words.at(0);
  if (name == "MGET") {
    std::string reply = header_of('*', words.size() - 1);
    for (std::size_t i = 1; i < words.size(); ++i) reply += last_reply(data, words[i]);
    return reply;
  }
  if (name == "EXISTS") {
    std::size_t count = 0;
    for (std::size_t i = 1; i < words.size(); ++i) count += data.count(words[i]);
    return number_reply(count);
  }
  static const std::vector<std::string> nothing;
  const auto found = words.size() < 2 ? data.end() : data.find(words[1]);
  const bool is_there = found != data.end();
  const std::vector<std::string>& texts = is_there ? found->second : nothing;
  const std::string last = is_there ? texts.back() : "";
  if (name == "GET") return last_reply(data, words.at(1));
  if (name == "GETRANGE") return bulk_reply(last);
  if (name == "STRLEN") return number_reply(last.size());
  if (name == "LLEN") return number_reply(texts.size());
  if (name == "LRANGE") return list_reply(texts, '*', texts.size());
  if (name == "HGETALL" && texts.size() % 2 != 0) {
    return "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
  }
  if (name == "HGETALL") return list_reply(texts, '%', texts.size() / 2);
  if (name == "TYPE") return is_there ? "+string\r\n" : "+none\r\n";
  if (name == "PTTL") return is_there ? ":-1\r\n" : ":-2\r\n";
  return std::nullopt;
}

}  // namespace plimsoll::testing
