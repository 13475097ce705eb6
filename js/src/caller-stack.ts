import { CoreError, PlimsollError } from "./errors.js";
import { inTask } from "./own-timers.js";

// Errors of requests are made where an outcome is read, or deep in the checks of a call, so their stacks would
// say little to the caller. V8 knows who awaits a promise, and writes that down for an error whose stack is
// taken while a promise that leads there is settled.

const capture = (Error as { captureStackTrace?: (error: object, hidden: unknown) => void }).captureStackTrace;

/** Calls `make`, which makes an error that rejectForCaller() gets: without a stack, which takes longer than all else
    about it. */
export const withoutStack = <T>(make: () => T): T => {
  const mayChange = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")?.writable === true;
  if (capture === undefined || !mayChange) return make();
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
};

type Settle = (value: unknown) => void;

/** Settles a call's promise with the error of this call alone. Its stack is then the caller's: the functions
    that await the call. `resolve` and `reject` are the promise's own. Others' errors, such as a decoder's,
    keep their stacks, and so does a failure of the core. */
export const rejectForCaller = (resolve: Settle, reject: Settle, error: unknown): void => {
  if (error instanceof PlimsollError && !(error instanceof CoreError)) rejectLater(resolve, reject, error);
  else reject(error);
};

const rejectLater = (resolve: Settle, reject: Settle, error: Error): void => {
  if (capture === undefined) return reject(error);
  const fail = (): never => {
    capture(error, fail);
    // The caller's promise may be settled already, as if listening to a signal threw. V8 follows a promise that
    // leads to one other, so this comes behind capture().
    failed.catch(() => {});
    throw error;
  };
  // This must lead to the caller's promise by the time that `fail` is called: in a microtask's time.
  const failed: Promise<never> = Promise.resolve().then(() => {}).then(fail);
  resolve(failed);
};

// Of so many refusals one is told in a task of its own. Else a loop that calls again as soon as it was refused would keep
// everything else from the event loop.
const refusalsPerTask = 64;
let refusalsLeft = refusalsPerTask;
const inTaskAtTimes = (act: () => void): void => {
  if (--refusalsLeft > 0) return act();
  refusalsLeft = refusalsPerTask;
  inTask(act);
};

const refused = (settle: (resolve: Settle, reject: Settle) => void): Promise<never> =>
  new Promise<never>((resolve, reject) => { inTaskAtTimes(() => settle(resolve as Settle, reject)); });

/** The promise of a call that was refused, with such a stack. */
export const refusedCall = (error: unknown): Promise<never> =>
  refused((resolve, reject) => rejectForCaller(resolve, reject, error));

/** The same where a TypeError is about an argument. */
export const refusedArguments = (error: unknown): Promise<never> => error instanceof TypeError
  ? refused((resolve, reject) => rejectLater(resolve, reject, error)) : refusedCall(error);
