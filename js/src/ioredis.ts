// plimsoll/ioredis: the surface of ioredis over a Client, so that a program changes one import.

export type { Callback, RedisKey, RedisValue } from "./ioredis/arguments.js";
export { Command, type CommandMethod, type CommandOptions, type MethodPair, print } from "./ioredis/commander.js";
export type { CommandDefinition, RedisOptions, ScanStreamOptions, SentinelAddress } from "./ioredis/options.js";
export type { ChainableCommander, ClientContext, ExecResults, Pipeline, Result } from "./ioredis/pipeline.js";
export { Cluster, Redis, Redis as default } from "./ioredis/redis.js";
export { ReplyError } from "./ioredis/replies.js";
