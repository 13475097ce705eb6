import type { CommandSet } from "../generated/commands.js";
import { commandNames } from "../index.js";
import { type Argument, type Callback, setArgumentTransformer, withCallback } from "./arguments.js";
import type { CommandDefinition } from "./options.js";
import { setReplyTransformer } from "./replies.js";

// The methods that a Redis and its pipelines have: one for each command, and one for its bytes. And a command as an
// object.

/** What sends commands. */
export interface Commander {
  /** @internal */
  send(name: string, args: readonly unknown[], asBuffers: boolean): unknown;
  /** @internal */
  run(definition: CommandDefinition, name: string, args: readonly unknown[], asBuffers: boolean): unknown;
}

// The commands of ioredis that the client's table lacks, since other servers or newer ones have them. They are
// sent as they are.
const laterNames = [
  "arcount", "ardel", "ardelrange", "arget", "argetrange", "argrep", "arinfo", "arinsert", "arlastitems", "arlen",
  "armget", "armset", "arnext", "arop", "arring", "arscan", "arseek", "arset",
  "hexpire", "hexpireat", "hexpiretime", "hgetdel", "hgetex", "hpersist", "hpexpire", "hpexpireat", "hpexpiretime",
  "hpttl", "hsetex", "httl", "increx", "msetex", "sentinel", "xdelex", "xnack",
  "vadd", "vcard", "vdim", "vemb", "vgetattr", "vinfo", "vismember", "vlinks", "vrandmember", "vrange", "vrem",
  "vsetattr", "vsim",
] as const;

// The client refuses these, and says what to use instead.
const refusedNames = [
  "asking", "auth", "hello", "psync", "readonly", "readwrite", "replconf", "reset", "select", "sync",
] as const;

/** Methods of a Redis that a chain of commands does not have. */
export const redisOnlyNames = [
  "discard", "monitor", "psubscribe", "punsubscribe", "quit", "ssubscribe", "subscribe", "sunsubscribe",
  "unsubscribe", "unwatch", "watch",
] as const;

// The commands that are sent by their name.
const sentNames = (): string[] => [...new Set([...commandNames(), ...laterNames, ...refusedNames])];

/** The commands that are sent by their name, and those that are methods of their own. */
export const builtInNames = (): string[] =>
  [...sentNames(), "multi", "exec", ...redisOnlyNames.filter((name) => name !== "monitor")];

// Commands whose second word is an argument here, and a part of the name in a Client.
type ContainerName = "acl" | "client" | "cluster" | "command" | "config" | "debug" | "function" | "latency" | "memory"
  | "module" | "object" | "pubsub" | "script" | "slowlog" | "xgroup" | "xinfo";

type OneWordName = {
  [Name in keyof CommandSet]: Name extends Lowercase<Name> ? Name : never
}[keyof CommandSet];

// The commands that are methods.
type SentName = OneWordName | ContainerName | (typeof laterNames)[number] | (typeof refusedNames)[number];

/** A method that sends or queues a command. */
export interface CommandMethod<Result> { (...args: Argument[]): Result }

/** The methods of the commands, which all return the same. */
export type CommandMethods<Result> = {
  readonly [Name in SentName | "call" as Name | `${Name}Buffer`]: CommandMethod<Result>
};

/** Two methods of one command: for a text, and for bytes. */
export interface MethodPair { readonly string: CommandMethod<any>; readonly buffer: CommandMethod<any> }

const define = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
};

const sender = (command: string, asBuffers: boolean) => function (this: Commander, ...args: unknown[]): unknown {
  return this.send(command, args, asBuffers);
};

/** The two methods of any command, for a program that gives them to an object. */
export const methodsOf = (command: string): MethodPair =>
  ({ string: sender(command, false), buffer: sender(command, true) });

/** Adds the methods of a command, unless there are any. */
export const addCommand = (target: object, name: string): void => {
  const { string, buffer } = methodsOf(name);
  if (!Object.hasOwn(target, name)) define(target, name, string);
  if (!Object.hasOwn(target, `${name}Buffer`)) define(target, `${name}Buffer`, buffer);
};

/** Adds the methods to a prototype that does not have them itself. */
export const addCommands = (prototype: Commander): void => {
  for (const name of sentNames()) addCommand(prototype, name);
  for (const [method, asBuffers] of [["call", false], ["callBuffer", true]] as const) {
    define(prototype, method, function (this: Commander, name: unknown, ...args: unknown[]) {
      return this.send(String(name), args, asBuffers);
    });
  }
};

/** Adds the methods of a command that was defined. */
export const addDefined = (target: Commander, name: string, definition: CommandDefinition): void => {
  for (const [method, asBuffers] of [[name, false], [`${name}Buffer`, true]] as const) {
    define(target, method, (...args: unknown[]) => target.run(definition, name, args, asBuffers));
  }
};

/** The words behind the script of a command that was defined: the number of keys, the keys and the other arguments.
    Where the program gives the number, the server has to say whether it is one. */
export const operandsOf = ({ numberOfKeys }: CommandDefinition, args: readonly unknown[]): unknown[] =>
  typeof numberOfKeys === "number" ? [numberOfKeys, ...args] : [...args];

/** How a Command wants its reply: "utf8" for text; without an encoding, for bytes. */
export interface CommandOptions { readonly replyEncoding?: BufferEncoding | null | undefined }

/** One command, and the promise of its reply: `redis.sendCommand(new Command("get", ["key"]))`. */
export class Command {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly asBuffers: boolean;
  readonly promise: Promise<any>;
  /** Settles the promise. */
  resolve!: (result: unknown) => void;
  /** The same with an error. */
  reject!: (error: Error) => void;

  constructor(name: string, args: readonly unknown[] | null = [], options: CommandOptions = {}, callback?: Callback) {
    this.name = name;
    this.args = args ?? [];
    this.asBuffers = (options.replyEncoding ?? null) === null;
    this.promise = withCallback(new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    }), callback);
  }

  /** Has `change` make other arguments of those of a command, for every Redis. */
  static setArgumentTransformer(name: string, change: (args: any[]) => any[]): void {
    setArgumentTransformer(name, change);
  }

  /** Has `change` make another reply of that of a command, for every Redis. */
  static setReplyTransformer(name: string, change: (reply: any) => any): void { setReplyTransformer(name, change); }
}

/** A callback that shows the outcome. */
export const print = (error: Error | null | undefined, reply?: unknown): void => {
  console.log(error ? `Error: ${error}` : `Reply: ${reply}`);
};
