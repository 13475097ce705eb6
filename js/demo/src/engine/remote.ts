// The page's side of a worker: its services, called as if they were here.

/** A question to a worker, and its answer; `error` where the service threw. */
export interface Question { readonly id: number; readonly name: string; readonly values: unknown[] }
export interface Answer { readonly id: number; readonly value?: unknown; readonly error?: Refusal }

/** What a service threw, as far as it can be said in words. */
export interface Refusal {
  readonly name: string;
  readonly message: string;
}

/** Something that a worker tells without having been asked. */
export interface News { readonly news: string; readonly value: unknown }

export class RemoteError extends Error {
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.name = refusal.name;
  }
}

type Service = (...values: any[]) => unknown;

/** Services, from outside of their worker. */
export type Remote<Services extends Record<string, Service>> = {
  readonly [Name in keyof Services]:
    (...values: Parameters<Services[Name]>) => Promise<Awaited<ReturnType<Services[Name]>>>;
};

export interface Connection<Services extends Record<string, Service>, AllNews> {
  readonly services: Remote<Services>;
  on<Name extends keyof AllNews & string>(name: Name, listener: (value: AllNews[Name]) => void): void;
  terminate(): void;
}

export const connectTo = <Services extends Record<string, Service>, AllNews>(
  worker: Worker,
): Connection<Services, AllNews> => {
  const waiting = new Map<number, { resolve: (value: any) => void; reject: (why: Error) => void }>();
  const listeners = new Map<string, Set<(value: any) => void>>();
  let last = 0;
  worker.addEventListener("message", ({ data }: MessageEvent<Answer | News>) => {
    if ("news" in data) {
      for (const listener of listeners.get(data.news) ?? []) listener(data.value);
      return;
    }
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error !== undefined) asked?.reject(new RemoteError(data.error));
    else asked?.resolve(data.value);
  });
  const ask = (name: string) => (...values: unknown[]) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      worker.postMessage({ id: last, name, values } satisfies Question);
    });
  const services = new Proxy({}, {
    get: (known: Record<string, unknown>, name: string) => known[name] ??= ask(name),
  }) as Remote<Services>;
  return {
    services,
    on: (name, listener) => {
      const all = listeners.get(name) ?? new Set();
      listeners.set(name, all.add(listener));
    },
    terminate: () => {
      worker.terminate();
      for (const { reject } of waiting.values()) reject(new Error("the worker was ended"));
      waiting.clear();
    },
  };
};
