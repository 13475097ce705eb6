#include <algorithm>
#include <chrono>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/resp/wire_value.h"

// What the replies to fetches leave in the cache.

namespace plimsoll {

using Keep = cache::Cache::Keep;

// What the server says before the reply itself: to CLIENT CACHING nothing but errors count, without
// which the read is not tracked; to PTTL the time that is left, -1 for ever, -2 for no such key, or
// an error where PTTL is not allowed or not known: then entry_ttl alone counts.
void NearCache::take_part(const Event& event, Flights::Flight& flight) {
  const std::optional<std::size_t> number = flight.asked.expiry_asked(event.answers_owed);
  if (!number) {
    if (event.error != nullptr) flight.ticket.is_storable = false;
    return;
  }
  cache::Cache::Ticket::Seen& key = flight.ticket.keys[*number];
  key.has_expiry = true;
  const Result<std::int64_t> left = event.value->as_integer();
  if (!left || *left < 0) return;
  // Counted from before it was asked: rather too soon than too late.
  const auto left_max = std::chrono::duration_cast<std::chrono::milliseconds>(Duration::max());
  const auto time = std::chrono::milliseconds(std::min<std::int64_t>(*left, left_max.count()));
  key.expires_at = after(flight.ticket.began_at, time);
}

// An error, or a reply that was skipped, is nothing to keep, but nothing older is to be served now.
void NearCache::take_answer(Flights::Flight& flight, const std::optional<Value>& value) {
  for (cache::Cache::Ticket::Seen& key : flight.ticket.keys) key.has_expiry = false;
  if (commands::is_mget(flight.question)) return take_answers(flight, value);
  const bool is_kept =
      value && !value->is_error() && (!value->is_null() || cache_.options().cache_nil);
  keep(flight.ticket, flight.question, value ? &*value : nullptr,
       is_kept ? Keep::if_current : Keep::no);
}

// Each element is what a GET of its key would have brought; but for a null, which may be of a key
// that is no string.
void NearCache::take_answers(const Flights::Flight& mget, const std::optional<Value>& value) {
  const std::size_t count = mget.ticket.keys.size();
  std::optional<Elements::Iterator> at;
  if (value && value->type() == Type::array) {
    const auto elements = value->as_elements();
    if (elements && elements->size() == count) at = elements->begin();
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view key = commands::key_of(mget.question, i);
    const cache::Cache::Ticket ticket = cache_.part_of(mget.ticket, key, i);
    if (!at) {
      keep(ticket, commands::get_of(key), nullptr, Keep::no);
      continue;
    }
    const Value element = **at;
    keep(ticket, commands::get_of(key), &element,
         element.type() == Type::bulk_string ? Keep::if_current : Keep::no);
    ++*at;
  }
}

void NearCache::keep(const cache::Cache::Ticket& ticket, const commands::Question& question,
                     const Value* value, Keep keep) {
  const std::size_t bytes = value == nullptr ? 0 : wire_size(*value);
  if (ticket.source != source()) keep = Keep::no;  // somebody else may have read it
  const auto changes = cache_.land(ticket, question, main_.now(), keep, bytes, [&](char* out) {
    if (value != nullptr) write_wire(*value, out);
  });
  // What this connection fetches besides is answered later, and newer.
  for (const auto& change : std::span(changes.keys).first(changes.count)) {
    flights_.update_tickets(cache_, change);
  }
}

}  // namespace plimsoll
