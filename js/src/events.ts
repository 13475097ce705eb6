import type { PlimsollError } from "./errors.js";

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

// Finds node:diagnostics_channel, if there is one, without an import that bundlers would have to resolve.
// Some runtimes have a `process` that throws when it is asked for a module.
const channelOf = (name: string): Channel | undefined => {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => any } }).process;
  try {
    return host?.getBuiltinModule?.("node:diagnostics_channel")?.channel(name);
  } catch {
    return undefined;
  }
};

export class Events {
  readonly #listeners = new Map<string, Set<Listener>>();

  on(name: string, listener: Listener): () => void {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all);
    all.add(listener);
    return () => { all.delete(listener); };
  }

  /** Calls the listeners, each in a microtask of its own: an exception in one of them is reported as
      uncaught, and the others are still called. */
  tell(name: keyof ConnectionEvents, error?: PlimsollError): void {
    try {
      const channel = channelOf(`plimsoll:${name}`);
      if (channel?.hasSubscribers) channel.publish({ error });
    } catch (problem) {
      queueMicrotask(() => { throw problem; });
    }
    for (const listener of [...this.#listeners.get(name) ?? []]) {
      queueMicrotask(() => listener(error));
    }
  }
}
