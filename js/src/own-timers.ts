// The runtime's timers as they were when this package was loaded. The fake timers of a test replace the global ones and
// stand still: a client that had called them would go on waiting for them also when they are gone again.

export const startTimer: typeof setTimeout = setTimeout;
export const stopTimer: typeof clearTimeout = clearTimeout;
export const startInterval: typeof setInterval = setInterval;
export const stopInterval: typeof clearInterval = clearInterval;
export const inMicrotask: typeof queueMicrotask = queueMicrotask;

/** Undefined where there is none. That of the edge runtime of Next.js throws when it is looked at. */
export const immediate: typeof setImmediate | undefined = ((): typeof setImmediate | undefined => {
  try {
    return typeof setImmediate === "function" ? setImmediate : undefined;
  } catch {
    return undefined;
  }
})();

const Channel: typeof MessageChannel | undefined = typeof MessageChannel === "function" ? MessageChannel : undefined;

/** Calls `act` in a task of its own, so that the event loop goes on before. Of what there may be, the soonest: pages
    let a timer of 0 ms wait for 4. */
export const inTask = (act: () => void): void => {
  try {
    if (immediate !== undefined) return void immediate(act);
    if (Channel !== undefined) return inMessage(Channel, act);
  } catch {}
  startTimer(act, 0);
};

interface ReceivingPort { onmessage: (() => void) | null; close(): void }

const inMessage = (Made: typeof MessageChannel, act: () => void): void => {
  const { port1, port2 } = new Made() as unknown as { port1: ReceivingPort; port2: { postMessage(value: unknown): void } };
  port1.onmessage = () => {
    port1.close();  // it would keep the process alive
    act();
  };
  port2.postMessage(undefined);
};

// Kept in a variable: in Node the global is a getter, which costs as much as reading the clock.
const clock = performance;
const readClock = clock.now;

/** Milliseconds, by a clock that never runs backwards. */
export const clockNow = (): number => readClock.call(clock);
