// plimsoll/ioredis: the surface of ioredis over a Client, so that a program changes one import.

export { Cluster, Redis, Redis as default, type ScanStreamOptions } from "./ioredis/redis.js";
export type { CommandDefinition, RedisOptions } from "./ioredis/options.js";
export type { ExecResults, Pipeline } from "./ioredis/pipeline.js";
export { ReplyError } from "./ioredis/replies.js";
