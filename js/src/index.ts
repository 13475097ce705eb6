/// <reference lib="esnext.disposable" preserve="true" />
// Plimsoll: a Valkey and Redis client that never outgrows its memory limit. Everything that the package
// exports.

export type { Batch } from "./batch.js";
export type { OptionsOfAll, Replies } from "./command-queue.js";
export { Client, type SubscribeOptions } from "./client.js";
export {
  type CacheMode, type CacheStatistics, ClientSideCache, type ClientSideCacheOptions,
} from "./cache.js";
/** @internal */
export { commandNames } from "./commands/names.js";
export type {
  AbortSignalLike, AnyReply, As, CallOptions, Decoder, Key, Value, Word,
} from "./commands/call.js";
export type { Codec } from "./codec.js";
export { type CompressionOptions, compression } from "./compression.js";
export type { Credentials } from "./credentials.js";
export {
  CancelledError, ClosedError, ConfigurationError, ConnectionError, CoreError, DecodeError,
  type Executed, LimitError, PlimsollError, ReplyTooLargeError, ServerError, TimeoutError,
} from "./errors.js";
export type { ConnectionEvents } from "./events.js";
export type { Exclusive, TransactOptions } from "./exclusive.js";
export type { NodeRoute, Nodes } from "./nodes.js";
export {
  type MemoryOptions, type MemoryStatistics, type PoolStatistics, configure, getMemoryStatistics,
  setMemoryLimit,
} from "./memory.js";
export { type Metric, type MetricSample, metricsClientsMax, metricsText, readMetrics } from "./metrics.js";
export type { ClientOptions, ReadFrom, SentinelOptions, SubscriptionOverflow, TopologyChoice } from "./options.js";
export type { ClientStatistics, ClusterStatistics, ReplicasStatistics } from "./statistics.js";
export type {
  Message, Subscription, SubscriptionKind, SubscriptionStatistics,
} from "./subscription.js";
export type { KeyWalkOptions, Walk, WalkOptions } from "./scan.js";
export {
  type FunctionOptions, type Runnable, type Runner, type ScriptOptions, defineFunction, defineScript,
} from "./script.js";
export {
  StreamReader, type StreamBatch, type StreamPart, type StreamReaderOptions,
} from "./stream-reader.js";
export type { NodeState, ReplicaState, SentinelState, Topology } from "./topology.js";
export type { TracedCommand } from "./tracing.js";
export type { Transaction } from "./transaction.js";
export type {
  Address, Connect, TlsOptions, Transport, TransportEvents, TransportOptions,
  WebSocketConstructor, WebSocketLike,
} from "./transport/transport.js";
export type * from "./generated/commands.js";
