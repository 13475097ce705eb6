import { builtIn } from "./built-in.js";
import { described } from "./commands/problem.js";
import type { PlimsollError } from "./errors.js";
import { inMicrotask } from "./own-timers.js";

// Events of a client's main connection, for listeners and for node:diagnostics_channel.

/** The events of Client.on(), with their listeners. */
export interface ConnectionEvents {
  /** The client is connected, for the first time or again. */
  connected: () => void;
  /** The connection was lost, and the client tries to make a new one. */
  disconnected: (error: PlimsollError) => void;
  /** The server refused new credentials; the connection keeps the old ones. */
  credentialsRefused: (error: PlimsollError) => void;
  /** The client has ended. The error's code is "closed" if close() was called. */
  closed: (error: PlimsollError) => void;
}

type Listener = (error?: any) => void;

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

interface Diagnostics { channel(name: string): Channel }

const channelOf = (name: string): Channel | undefined =>
  builtIn<Diagnostics>("node:diagnostics_channel")?.channel(name);

const names: Readonly<Record<keyof ConnectionEvents, true>> = {
  connected: true, disconnected: true, credentialsRefused: true, closed: true,
};

const check = (name: unknown, listener: unknown): void => {
  if (typeof name !== "string" || !(name in names)) {
    throw new TypeError(`event: got ${described(name)}; give ${Object.keys(names).join(", ")}`);
  }
  if (typeof listener !== "function") {
    throw new TypeError(`listener: got ${described(listener)}; give a function`);
  }
};

export class Events {
  // The listeners of each event, and whether each is for one event alone.
  readonly #listeners = new Map<string, Map<Listener, boolean>>();

  on(name: string, listener: Listener): () => void { return this.#add(name, listener, false); }

  once(name: string, listener: Listener): () => void { return this.#add(name, listener, true); }

  off(name: string, listener: Listener): void {
    check(name, listener);
    this.#listeners.get(name)?.delete(listener);
  }

  #add(name: string, listener: Listener, isOnce: boolean): () => void {
    check(name, listener);
    const all = this.#listeners.get(name) ?? new Map<Listener, boolean>();
    this.#listeners.set(name, all);
    if (all.get(listener) !== false) all.set(listener, isOnce);
    return () => { all.delete(listener); };
  }

  /** Calls the listeners, each in a microtask of its own: an exception in one of them is reported as
      uncaught, and the others are still called. */
  tell(name: keyof ConnectionEvents, error?: PlimsollError): void {
    try {
      const channel = channelOf(`plimsoll:${name}`);
      if (channel?.hasSubscribers) channel.publish({ error });
    } catch (problem) {
      inMicrotask(() => { throw problem; });
    }
    const all = this.#listeners.get(name);
    for (const [listener, isOnce] of [...all ?? []]) {
      if (isOnce) all!.delete(listener);
      inMicrotask(() => listener(error));
    }
  }
}
