// The calls of the WebAssembly module. wasm/abi.h describes each of them.

export interface Calls {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  plimsoll_version(): number;
  plimsoll_outbox(): number;
  plimsoll_configure(memoryLimit: number): number;
  plimsoll_set_memory_limit(memoryLimit: number): number;
  plimsoll_stage(size: number): number;
  plimsoll_memory_statistics(): number;
  plimsoll_describe_error(): number;
  plimsoll_cache_options(): number;
  plimsoll_create_cache(count: number): number;
  plimsoll_destroy_cache(cache: number): number;
  plimsoll_clear_cache(cache: number): number;
  plimsoll_drop_untracked(cache: number): number;
  plimsoll_cache_statistics(cache: number): number;
  plimsoll_options(): number;
  plimsoll_create(now: number): number;
  plimsoll_destroy(client: number): number;
  plimsoll_close(client: number, now: number): number;
  plimsoll_abort(client: number): number;
  plimsoll_set_credentials(client: number): number;
  plimsoll_hold(client: number, bytes: number): number;
  plimsoll_set_shown(client: number): number;
  plimsoll_client_statistics(client: number): number;
  plimsoll_sentinel(client: number, index: number): number;
  plimsoll_replica(client: number, index: number): number;
  plimsoll_replicas_statistics(client: number): number;
  plimsoll_cluster_node(client: number, index: number): number;
  plimsoll_cluster_statistics(client: number): number;
  plimsoll_submit(client: number, count: number, tag: number, timeout: number, staleness: number,
    now: number): number;
  plimsoll_submit_get(client: number, size: number, tag: number, timeout: number,
    staleness: number, now: number): number;
  plimsoll_submit_admitted(client: number, commands: number, count: number, tag: number): number;
  plimsoll_lookup(client: number, size: number, now: number): number;
  plimsoll_prove(client: number, tag: number, timeout: number, now: number): number;
  plimsoll_submit_transaction(client: number, connection: number, commands: number, count: number,
    tag: number, timeout: number, now: number): number;
  plimsoll_staged_places(client: number, offset: number, size: number): number;
  plimsoll_key_places(count: number): number;
  plimsoll_cancel(client: number, low: number, high: number, now: number): number;
  plimsoll_open_exclusive(client: number, now: number): number;
  plimsoll_submit_to(client: number, connection: number, count: number, tag: number,
    timeout: number, now: number): number;
  plimsoll_submit_at(client: number, where: number, count: number, tag: number,
    timeout: number, now: number): number;
  plimsoll_release(client: number, connection: number, now: number): number;
  plimsoll_open_subscription(client: number, now: number): number;
  plimsoll_subscribe(client: number, connection: number, kind: number, count: number, tag: number,
    timeout: number, now: number): number;
  plimsoll_unsubscribe(client: number, connection: number, kind: number, count: number,
    tag: number, timeout: number, now: number): number;
  plimsoll_next_messages(client: number, connection: number, messagesMax: number, tag: number,
    timeout: number, now: number): number;
  plimsoll_close_subscription(client: number, connection: number, now: number): number;
  plimsoll_subscription_statistics(client: number, connection: number): number;
  plimsoll_handle_opened(client: number, connection: number, credits: number, now: number): number;
  plimsoll_handle_closed(client: number, connection: number, reason: number, now: number): number;
  plimsoll_read_space(client: number, connection: number, waiting: number): number;
  plimsoll_handle_read(client: number, connection: number, size: number, now: number): number;
  plimsoll_poll_transmit(client: number, connection: number): number;
  plimsoll_handle_written(client: number, connection: number, size: number): number;
  plimsoll_handle_timeout(client: number, now: number): number;
  plimsoll_poll(client: number): number;
  plimsoll_poll_nodes(client: number): number;
  plimsoll_release_served(client: number): number;
  plimsoll_unsent_node(client: number): number;
}
