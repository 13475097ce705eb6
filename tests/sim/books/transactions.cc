#include "plimsoll/tests/sim/books/transactions.h"

namespace plimsoll::sim {

void Transactions::note_run(RequestNumber number, const std::vector<Mark>& ran) {
  if (ran.empty()) return;
  for (std::size_t i = 0; i < ran.size(); ++i) {
    require(ran[i].number == number, "nothing comes between the commands of a transaction", number);
    require(ran[i].part == i && ran[i].parts == ran.size(),
            "a transaction runs as a whole, and in its order", number);
  }
}

void Transactions::note_written(const Place& place, RequestNumber writer) {
  Key& key = keys_[place];
  key.writer = writer;
  ++key.changes;
}

void Transactions::note_watched(RequestNumber number, const Place& place,
                                std::uint64_t connection) {
  watches_[number] = {.place = place, .changes = keys_[place].changes, .connection = connection};
}

void Transactions::note_lock(RequestNumber transaction, RequestNumber watch, RequestNumber read) {
  locks_[transaction] = {.watch = watch, .read = read};
}

bool Transactions::may_commit(RequestNumber transaction, std::uint64_t connection) {
  const auto lock = locks_.find(transaction);
  if (lock == locks_.end()) return true;
  const auto watch = watches_.find(lock->second.watch);
  if (watch == watches_.end() || watch->second.connection != connection) return false;
  const Key& key = keys_[watch->second.place];
  return key.changes == watch->second.changes && key.writer == lock->second.read;
}

void Transactions::note_exec(RequestNumber transaction, bool ran, bool might) {
  require(!ran || might, "what is committed behind a WATCH had not changed since", transaction);
  require(ran || !might, "only what was watched for it stops a transaction", transaction);
}

void Transactions::note_data_lost(std::uint32_t server) {
  for (auto& [place, key] : keys_) {
    if (place.server != server) continue;
    key.writer = 0;
    ++key.changes;
  }
}

void Transactions::note_flushed(std::uint32_t server, int database) {
  for (auto& [place, key] : keys_) {
    if (place.server != server || place.database != database || key.writer == 0) continue;
    key.writer = 0;
    ++key.changes;
  }
}

}  // namespace plimsoll::sim
