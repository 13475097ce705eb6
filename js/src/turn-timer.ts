import { immediate, startTimer, stopTimer } from "./own-timers.js";

// The timer that has a driver tell its core that a time has come. Driver has one object of this class, and sets it at
// the end of each turn to the time for which the core has asked.
//
// An event loop that was busy runs its timers before it reads its sockets. Requests whose replies have arrived would
// then time out. So the core is told of a time only after the loop has read what had arrived by then.

// The longest wait that a timer takes. A longer one ends early, and is then set again.
const timerMsMax = 0x7fffffff;

// How often the report of a time is put off because bytes go on arriving: a stream of messages must not keep a
// request from timing out.
const putOffsMax = 8;

// Calls `act` once the loop has read its sockets. Where there is no setImmediate(), a timer comes after the events that
// wait already.
const afterReading = (act: () => void): void => {
  try {
    if (immediate !== undefined) return void immediate(act);
  } catch {}
  startTimer(act, 0);
};

export class TurnTimer {
  readonly #clock: { now(): number };
  readonly #bytesRead: () => number;
  readonly #handleTimeout: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  // The time at which the timer fires, by the clock. It stays until the time is reported.
  #at = Infinity;
  #putOffs = 0;

  /** `clock`: the core, whose times set() takes. `bytesRead` returns how many bytes have arrived on the driver's open
      connections. `handleTimeout` is called when a time has come, and may call set(). */
  constructor(clock: { now(): number }, bytesRead: () => number, handleTimeout: () => void) {
    this.#clock = clock;
    this.#bytesRead = bytesRead;
    this.#handleTimeout = handleTimeout;
  }

  /** Has `handleTimeout` called at the time `at`, or earlier; never for Infinity. */
  set(at: number): void {
    // A timer that fires too early is set again. That is cheaper than moving the timer for each request.
    if (at >= this.#at) return;
    stopTimer(this.#timer);
    this.#at = at;
    const wait = Math.min(Math.max(0, Math.ceil(at - this.#clock.now())), timerMsMax);
    this.#timer = startTimer(this.#handleTimer, wait);
  }

  /** The client has ended: the timer must not keep the process alive. A report that waits for the loop to read still
      comes. */
  clear(): void { stopTimer(this.#timer); }

  readonly #handleTimer = (): void => {
    this.#putOffs = 0;
    this.#reportAfterReading();
  };

  #reportAfterReading(): void {
    const before = this.#bytesRead();
    afterReading(() => {
      const isReading = this.#bytesRead() > before;
      if (isReading && ++this.#putOffs < putOffsMax) return this.#reportAfterReading();
      this.#at = Infinity;
      this.#handleTimeout();
    });
  }
}
