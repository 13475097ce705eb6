import { immediate, startTimer, stopTimer } from "./own-timers.js";

// The timer that has a driver tell its core that a time has come. Driver has one object of this class, and sets it at
// the end of each turn to the time for which the core has asked.
//
// An event loop that was busy runs its timers before it reads its sockets. Requests whose replies have arrived would
// then time out. So the core is told of a time only after the loop has read what had arrived by then. And what was
// asked right before the loop was busy has left only now, so that the server has had no time at all: it gets a grace, as
// long as the loop was late.

// The longest wait that a timer takes. A longer one ends early, and is then set again.
const timerMsMax = 0x7fffffff;

// How often the report of a time is put off because bytes go on arriving: a stream of messages must not keep a
// request from timing out.
const putOffsMax = 8;

// A loop that is so much later than it should be was busy. A timer is a millisecond late, or two.
const busyMsMin = 5;

// The bounds of a grace. If the loop is late again, there may be another one, but all end graceMsMax after the first has
// begun: in a loop that is always busy, and in a hidden page, whose timers are all late, a request has to time out, too.
// (So who is busy again and again within that time may see a request time out that has only just left.)
const graceMsMin = 20;
const graceMsMax = 1000;
const graceAfter = (lateness: number): number => Math.min(Math.max(lateness, graceMsMin), graceMsMax);

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
  // The time for which the core has asked. It stays until the time is reported.
  #at = Infinity;
  // When the timer fires, and when it was last set to a time that was yet to come, by the clock.
  #firesAt = Infinity;
  #setAt: number;
  // When the last grace ends; Infinity: there is none.
  #gracesUntil = Infinity;
  #putOffs = 0;

  /** `clock`: the core, whose times set() takes. `bytesRead` returns how many bytes have arrived on the driver's open
      connections. `handleTimeout` is called when a time has come, and may call set(). */
  constructor(clock: { now(): number }, bytesRead: () => number, handleTimeout: () => void) {
    this.#clock = clock;
    this.#bytesRead = bytesRead;
    this.#handleTimeout = handleTimeout;
    this.#setAt = clock.now();
  }

  /** Has `handleTimeout` called at the time `at`, or earlier; never for Infinity. */
  set(at: number): void {
    // A timer that fires too early is set again. That is cheaper than moving the timer for each request. But a grace ends
    // with what it was for.
    if (at >= this.#at && (at === this.#at || this.#gracesUntil === Infinity)) return;
    stopTimer(this.#timer);
    const now = this.#clock.now();
    // A time that has passed since then has passed while the loop was busy. An older one means: at once.
    const lateness = at > this.#setAt ? now - at : 0;
    this.#at = at;
    if (lateness >= busyMsMin) return this.#startGrace(now, lateness);
    this.#setAt = now;
    this.#gracesUntil = Infinity;
    if (at < Infinity) this.#start(now, at - now);
  }

  /** The client has ended: the timer must not keep the process alive. A report that waits for the loop to read still
      comes. */
  clear(): void { stopTimer(this.#timer); }

  #start(now: number, wait: number): void {
    const whole = Math.min(Math.max(0, Math.ceil(wait)), timerMsMax);
    this.#firesAt = now + whole;
    this.#timer = startTimer(this.#handleTimer, whole);
  }

  #startGrace(now: number, lateness: number): void {
    this.#gracesUntil = Math.min(this.#gracesUntil, now + graceMsMax);
    this.#start(now, Math.min(graceAfter(lateness), this.#gracesUntil - now));
  }

  readonly #handleTimer = (): void => {
    const now = this.#clock.now();
    const lateness = now - this.#firesAt;
    if (lateness >= busyMsMin && now < this.#gracesUntil) return this.#startGrace(now, lateness);
    this.#putOffs = 0;
    this.#reportAfterReading();
  };

  #reportAfterReading(): void {
    const before = this.#bytesRead();
    const begun = this.#clock.now();
    afterReading(() => {
      const now = this.#clock.now();
      if (now - begun >= busyMsMin && now < this.#gracesUntil) return this.#startGrace(now, now - begun);
      const isReading = this.#bytesRead() > before;
      if (isReading && ++this.#putOffs < putOffsMax) return this.#reportAfterReading();
      this.#at = this.#gracesUntil = Infinity;
      this.#handleTimeout();
    });
  }
}
