#include "plimsoll/tests/wasm/careless_host.h"
#include "plimsoll/wasm/abi.h"

// What a careless host does wrong.

namespace plimsoll::test {

/// A call that nothing speaks for.
void CarelessHost::blunder(Peer& peer) {
  const std::int32_t client = peer.client;
  const std::uint32_t connection = one_in(10) ? below(200) : below(3);
  switch (below(22)) {
    case 0:
      plimsoll_cancel(client, one_in(2) ? last_request_[0] : below(10'000), last_request_[1], now_);
      break;
    case 1: one_in(8) ? plimsoll_close(client, now_) : 0; break;
    case 2: one_in(8) ? plimsoll_abort(client) : 0; break;
    case 3: plimsoll_handle_opened(client, connection, below(3), now_); break;
    case 4: one_in(8) ? plimsoll_handle_closed(client, connection, below(7), now_) : 0; break;
    case 5: plimsoll_handle_read(client, connection, below(2) * below(70'000), now_); break;
    case 6: plimsoll_handle_written(client, connection, below(200)); break;
    case 7: plimsoll_poll_transmit(client, connection); break;
    case 8: plimsoll_read_space(client, connection, below(2) * below(400'000)); break;
    case 9: plimsoll_poll_nodes(client); break;
    case 10: plimsoll_client_statistics(client); break;
    case 11: plimsoll_prove(client, below(5), below(300) - 10.0, now_); break;
    case 12: plimsoll_submit_transaction(client, below(3), below(4), below(6), 1, -1, now_); break;
    case 13: plimsoll_submit_admitted(client, below(3), below(4), 1); break;
    case 14: plimsoll_release(client, connection, now_); break;
    case 15: plimsoll_submit(client, below(100'000), 1, -1, -1, now_); break;
    case 16: look_at_sentinel(client); break;
    case 17: look_at_replicas(client); break;
    case 18: look_at_cluster(client); break;
    case 19: plimsoll_release_served(client); break;
    default: blunder_in_general(); break;
  }
}

void CarelessHost::look_at_sentinel(std::int32_t client) {
  if (plimsoll_sentinel(client, below(20)) != 1) return;
  for (int i = 0; i < 2; ++i) {
    const PlimsollSpan& text = plimsoll_outbox()->spans[i];
    look_at({text.bytes, text.size});
  }
  look_at({plimsoll_outbox()->text, plimsoll_outbox()->text_size});
}

void CarelessHost::look_at_replicas(std::int32_t client) {
  if (plimsoll_replicas_statistics(client) == 1) {
    look_at({plimsoll_outbox()->text, plimsoll_outbox()->text_size});
  }
  if (plimsoll_replica(client, below(3)) != 1) return;
  for (int i = 0; i < 3; ++i) {
    const PlimsollSpan& text = plimsoll_outbox()->spans[i];
    look_at({text.bytes, text.size});
  }
  look_at({plimsoll_outbox()->text, plimsoll_outbox()->text_size});
  const auto state = static_cast<int>(plimsoll_outbox()->statistics.replica.state);
  if (state == plimsoll_replica_checking || state == plimsoll_replica_ready) ++replicas_;
  if (state != plimsoll_replica_ready) return;
  // Of a key that nobody writes.
  char* const room = plimsoll_stage(1);
  if (room == nullptr) return;
  *room = 'q';
  note_submitted(plimsoll_submit_get(client, 1, 1 + below(10), below(300) - 10.0, -1, now_));
}

void CarelessHost::look_at_cluster(std::int32_t client) {
  if (plimsoll_cluster_statistics(client) == 1) {
    look_at({plimsoll_outbox()->text, plimsoll_outbox()->text_size});
    const PlimsollClusterStatistics& statistics = plimsoll_outbox()->statistics.cluster;
    if (statistics.moved + statistics.asked + statistics.sent_again > 0) ++sent_on_;
  }
  if (plimsoll_cluster_node(client, below(3)) != 1) return;
  for (int i = 0; i < 2; ++i) {
    const PlimsollSpan& text = plimsoll_outbox()->spans[i];
    look_at({text.bytes, text.size});
  }
  look_at({plimsoll_outbox()->text, plimsoll_outbox()->text_size});
  const auto state = static_cast<int>(plimsoll_outbox()->statistics.node.state);
  if (state == plimsoll_node_ready) ++nodes_;
}

void CarelessHost::blunder_in_general() {
  const std::int32_t cache = caches_.empty() ? 7 : caches_.back();
  switch (below(7)) {
    case 0: plimsoll_clear_cache(cache); break;
    case 1: plimsoll_drop_untracked(cache); break;
    case 2: plimsoll_cache_statistics(cache); break;
    case 3: plimsoll_destroy_cache(static_cast<std::int32_t>(below(100))); break;
    case 4: plimsoll_create_cache(below(100'000)); break;
    case 5: plimsoll_set_memory_limit(below(3) * 1024 * 1024); break;
    default: plimsoll_describe_error(); break;
  }
}

}  // namespace plimsoll::test
