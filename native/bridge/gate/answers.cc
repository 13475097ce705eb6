#include "plimsoll/native/bridge/gate/answers.h"

#include <algorithm>

#include "plimsoll/core/commands/row_numbers.h"

namespace plimsoll::bridge {
namespace {

namespace row_numbers = commands::row_numbers;

// Commands whose reply is a status, a number, or a few words of the server's own. A command that is
// missing here only waits longer; one that is wrongly here lets a client make the server hold more.
// INCRBYFLOAT and HINCRBYFLOAT are missing: their numbers may have thousands of digits.
bool has_short_reply(const commands::Row& row) {
  switch (commands::number_of(row)) {
    case row_numbers::append:
    case row_numbers::bitcount:
    case row_numbers::bitop:
    case row_numbers::bitpos:
    case row_numbers::client_caching:
    case row_numbers::client_id:
    case row_numbers::client_no_touch:
    case row_numbers::client_setinfo:
    case row_numbers::client_setname:
    case row_numbers::copy:
    case row_numbers::dbsize:
    case row_numbers::decr:
    case row_numbers::decrby:
    case row_numbers::del:
    case row_numbers::exists:
    case row_numbers::expire:
    case row_numbers::expireat:
    case row_numbers::expiretime:
    case row_numbers::flushall:
    case row_numbers::flushdb:
    case row_numbers::geoadd:
    case row_numbers::geodist:
    case row_numbers::geosearchstore:
    case row_numbers::getbit:
    case row_numbers::hdel:
    case row_numbers::hexists:
    case row_numbers::hincrby:
    case row_numbers::hlen:
    case row_numbers::hmset:
    case row_numbers::hset:
    case row_numbers::hsetnx:
    case row_numbers::hstrlen:
    case row_numbers::incr:
    case row_numbers::incrby:
    case row_numbers::lastsave:
    case row_numbers::linsert:
    case row_numbers::llen:
    case row_numbers::lpush:
    case row_numbers::lpushx:
    case row_numbers::lrem:
    case row_numbers::lset:
    case row_numbers::ltrim:
    case row_numbers::move:
    case row_numbers::mset:
    case row_numbers::msetnx:
    case row_numbers::object_encoding:
    case row_numbers::object_freq:
    case row_numbers::object_idletime:
    case row_numbers::object_refcount:
    case row_numbers::persist:
    case row_numbers::pexpire:
    case row_numbers::pexpireat:
    case row_numbers::pexpiretime:
    case row_numbers::pfadd:
    case row_numbers::pfcount:
    case row_numbers::pfmerge:
    case row_numbers::psetex:
    case row_numbers::pttl:
    case row_numbers::publish:
    case row_numbers::rename:
    case row_numbers::renamenx:
    case row_numbers::rpush:
    case row_numbers::rpushx:
    case row_numbers::sadd:
    case row_numbers::scard:
    case row_numbers::sdiffstore:
    case row_numbers::select:
    case row_numbers::setbit:
    case row_numbers::setex:
    case row_numbers::setnx:
    case row_numbers::setrange:
    case row_numbers::sintercard:
    case row_numbers::sinterstore:
    case row_numbers::sismember:
    case row_numbers::smove:
    case row_numbers::spublish:
    case row_numbers::srem:
    case row_numbers::strlen:
    case row_numbers::sunionstore:
    case row_numbers::touch:
    case row_numbers::ttl:
    case row_numbers::type:
    case row_numbers::unlink:
    case row_numbers::wait:
    case row_numbers::waitaof:
    case row_numbers::xack:
    case row_numbers::xadd:
    case row_numbers::xdel:
    case row_numbers::xgroup_create:
    case row_numbers::xgroup_createconsumer:
    case row_numbers::xgroup_delconsumer:
    case row_numbers::xgroup_destroy:
    case row_numbers::xgroup_setid:
    case row_numbers::xlen:
    case row_numbers::xsetid:
    case row_numbers::xtrim:
    case row_numbers::zcard:
    case row_numbers::zcount:
    case row_numbers::zdiffstore:
    case row_numbers::zincrby:
    case row_numbers::zintercard:
    case row_numbers::zinterstore:
    case row_numbers::zlexcount:
    case row_numbers::zrangestore:
    case row_numbers::zrank:
    case row_numbers::zrem:
    case row_numbers::zremrangebylex:
    case row_numbers::zremrangebyrank:
    case row_numbers::zremrangebyscore:
    case row_numbers::zrevrank:
    case row_numbers::zscore:
    case row_numbers::zunionstore: return true;
    default: return false;
  }
}

}  // namespace

Answer answer_of(const commands::Row* row, Words words) {
  if (row == nullptr) return Answer::one;
  switch (commands::number_of(*row)) {
    case row_numbers::hello: return Answer::hello;
    case row_numbers::multi: return Answer::multi;
    case row_numbers::exec: return Answer::exec;
    case row_numbers::discard: return Answer::discard;
    case row_numbers::quit: return Answer::quit;
    case row_numbers::watch: return Answer::watch;
    case row_numbers::unwatch: return words.size() == 1 ? Answer::unwatch : Answer::short_one;
    case row_numbers::client_tracking:
      if (words.size() > 2 && is_option(words[2], "OFF")) return Answer::untrack;
      return prefixes_of(words) > 0 ? Answer::track : Answer::short_one;
    case row_numbers::subscribe: return Answer::subscribe;
    case row_numbers::psubscribe: return Answer::psubscribe;
    case row_numbers::ssubscribe: return Answer::ssubscribe;
    case row_numbers::unsubscribe: return Answer::unsubscribe;
    case row_numbers::punsubscribe: return Answer::punsubscribe;
    case row_numbers::sunsubscribe: return Answer::sunsubscribe;
    // With more words, PING repeats one of them, and SET may have the option GET.
    case row_numbers::ping: return words.size() == 1 ? Answer::short_one : Answer::one;
    case row_numbers::set:
      return std::ranges::any_of(words.subspan(std::min<std::size_t>(3, words.size())),
                                 [](auto word) { return is_option(word, "GET"); })
                 ? Answer::one
                 : Answer::short_one;
    default: return has_short_reply(*row) ? Answer::short_one : Answer::one;
  }
}

}  // namespace plimsoll::bridge
