import type { PlimsollError } from "./errors.js";

// What becomes of a client's main connection, for those who want to know.

/** Listeners of Client.on(). */
export interface ConnectionEvents {
  /** Requests flow, for the first time or again. */
  connected: () => void;
  /** The connection is lost; another one is tried. */
  disconnected: (error: PlimsollError) => void;
  /** The server did not take new credentials, and goes by the old ones. */
  credentialsRefused: (error: PlimsollError) => void;
  /** The client is over: code "closed" where its user closed it. */
  closed: (error: PlimsollError) => void;
}

type Listener = (error?: any) => void;

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

// node:diagnostics_channel, where there is one, found without an import that bundles would need.
const channelOf = (name: string): Channel | undefined => {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => any } }).process;
  const module = host?.getBuiltinModule?.("node:diagnostics_channel");
  return module?.channel(name);
};

export class Events {
  readonly #listeners = new Map<string, Set<Listener>>();

  on(name: string, listener: Listener): () => void {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all);
    all.add(listener);
    return () => { all.delete(listener); };
  }

  /** A listener's exception is its own: it is reported as uncaught, and the others are told. */
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
