import { commandNames } from "../index.js";
import type { CommandDefinition } from "./options.js";

// The methods that a Redis and its pipelines have: one for each command, and one for its bytes.

/** What sends commands. */
export interface Commander {
  /** @internal */
  send(name: string, args: readonly unknown[], asBuffers: boolean): unknown;
  /** @internal */
  run(definition: CommandDefinition, name: string, args: readonly unknown[], asBuffers: boolean): unknown;
}

// Commands without methods, because the client refuses them and says what to use instead.
const refusedNames = ["select", "auth", "hello", "reset", "readonly", "readwrite"];

const define = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
};

/** Adds the methods to a prototype that does not have them itself. */
export const addCommands = (prototype: Commander): void => {
  const add = (method: string, command: string, asBuffers: boolean): void => {
    if (Object.hasOwn(prototype, method)) return;
    define(prototype, method, function (this: Commander, ...args: unknown[]) {
      return this.send(command, args, asBuffers);
    });
  };
  for (const name of [...commandNames(), ...refusedNames]) {
    add(name, name, false);
    add(`${name}Buffer`, name, true);
  }
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

/** The keys and the other arguments of a command that was defined. */
export const operandsOf = ({ numberOfKeys }: CommandDefinition, args: readonly unknown[]):
  { keys: unknown[]; rest: unknown[] } => {
  const flat = args.flat();
  const count = numberOfKeys ?? Number(flat.shift());
  return { keys: flat.slice(0, count), rest: flat.slice(count) };
};
