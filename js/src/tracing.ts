import { builtIn } from "./built-in.js";
import type { Word } from "./commands/call.js";
import { containerNames } from "./commands/names.js";
import { inCapitals } from "./commands/words.js";
import type { Address } from "./transport/transport.js";

// The tracing channel plimsoll:command of node:diagnostics_channel: the start and the end of each request, with
// the attributes of OpenTelemetry's conventions for database clients. docs/observability.md has an example.

/** What subscribers of plimsoll:command get for a request. After the end it also has `result` or `error`. */
export interface TracedCommand {
  readonly "db.system.name": "redis";
  /** "GET", "CLIENT GETNAME"; "MULTI" for a transaction. */
  readonly "db.operation.name": string;
  /** The number of commands of a transaction, from two on. */
  readonly "db.operation.batch.size"?: number | undefined;
  /** The database's number. */
  readonly "db.namespace": string;
  readonly "server.address": string;
  readonly "server.port"?: number | undefined;
}

interface Channel { readonly hasSubscribers: boolean }

interface TracingChannel {
  /** Bun does not have it. */
  readonly hasSubscribers?: boolean;
  readonly start: Channel;
  readonly asyncEnd: Channel;
  readonly error: Channel;
  tracePromise<T>(run: () => Promise<T>, context: object): Promise<T>;
}

interface Diagnostics { tracingChannel?(name: string): TracingChannel }

const channel = builtIn<Diagnostics>("node:diagnostics_channel")?.tracingChannel?.("plimsoll:command");

let containers: ReadonlySet<string> | undefined;

const nameOf = (words: readonly Word[]): string => {
  containers ??= containerNames();
  const name = inCapitals(words[0]!);
  return containers.has(name) && words.length > 1 ? `${name} ${inCapitals(words[1]!)}` : name;
};

const hasOneOf = ({ start, asyncEnd, error }: TracingChannel): boolean =>
  start.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers;

/** Whether anybody listens. */
export const isTraced = (): boolean => channel !== undefined
  && (channel.hasSubscribers ?? hasOneOf(channel));

/** Where requests go. */
export interface TracedTarget { readonly address: Address; readonly database: number }

const publish = <T>({ address, database }: TracedTarget, name: string, batchSize: number,
  run: () => Promise<T>): Promise<T> => {
  const { host, port, path } = address;
  const context: TracedCommand = {
    "db.system.name": "redis",
    "db.operation.name": name,
    ...batchSize > 1 ? { "db.operation.batch.size": batchSize } : {},
    "db.namespace": String(database),
    "server.address": path ?? host,
    ...path === undefined ? { "server.port": port } : {},
  };
  return channel!.tracePromise(run, context);
};

/** Calls `run`, which sends this command, and tells the channel's subscribers. */
export const traced = <T>(target: TracedTarget, words: readonly Word[], run: () => Promise<T>):
  Promise<T> => publish(target, nameOf(words), 1, run);

/** The same for a transaction of `size` commands. */
export const tracedTransaction = <T>(target: TracedTarget, size: number, run: () => Promise<T>):
  Promise<T> => publish(target, "MULTI", size, run);
