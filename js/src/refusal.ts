import { type PlimsollError, ServerError } from "./errors.js";
import type { Pending, Refusal } from "./requests.js";

// The outcome of a transaction of which the server did not take a command.

// What the user should read is what the server said to the command, not to EXEC.
const refusedAs = (outcome: ServerError, { error, place }: Refusal): PlimsollError => {
  if (!(error instanceof ServerError)) return outcome;
  const { code, serverText } = error;
  const isOfBridge = code === "refused_by_bridge";
  if (place === 0) {
    return new ServerError(isOfBridge ? code : outcome.code,
      `${serverText} (to MULTI: the commands may have run one by one)`, "maybe", serverText);
  }
  const tellsMore = isOfBridge || code === "cluster_redirect";
  return new ServerError(tellsMore ? code : outcome.code,
    `${serverText} (to command ${place}: none has run)`, outcome.executed, serverText);
};

/** The server did not take a command of this transaction, which is owed `owed` more answers: the
    outcome, which is EXEC's, follows. */
export const note = (pending: Pending, error: PlimsollError, owed: number): void => {
  if (pending.commands === 0 || pending.refusal !== undefined) return;
  pending.refusal = { error, place: pending.commands + 1 - owed };
};

/** Tells who waits for it that a request has failed. */
export const fail = (pending: Pending | undefined, error: PlimsollError): void => {
  const refusal = pending?.refusal;
  pending?.reject(refusal !== undefined && error instanceof ServerError
    ? refusedAs(error, refusal) : error);
};
