#include "plimsoll/demo/request.h"

namespace plimsoll::demo {

std::string_view command_of(const Request& request) {
  if (request.verb == Verb::remove) return "DEL";
  const bool writes = request.verb == Verb::write;
  switch (request.topic) {
    case Topic::version: return writes ? "SET" : "GET";
    case Topic::fields: return writes ? "HSET" : "HGETALL";
    case Topic::depends:
    case Topic::providers: return writes ? "SADD" : "SMEMBERS";
  }
  return {};
}

std::string key_of(std::string_view prefix, const Request& request) {
  std::string key(prefix);
  key += request.topic == Topic::providers ? "provides:" : "package:";
  key += request.name;
  if (request.topic == Topic::fields) key += ":fields";
  if (request.topic == Topic::depends) key += ":depends";
  return key;
}

}  // namespace plimsoll::demo
