import { CoreError, PlimsollError } from "./errors.js";

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

/** The promise of a call that was refused, with such a stack. */
export const refusedCall = (error: unknown): Promise<never> =>
  new Promise<never>((resolve, reject) => { rejectForCaller(resolve as Settle, reject, error); });

/** The same where a TypeError is about an argument. */
export const refusedArguments = (error: unknown): Promise<never> => error instanceof TypeError
  ? new Promise<never>((resolve, reject) => { rejectLater(resolve as Settle, reject, error); })
  : refusedCall(error);
