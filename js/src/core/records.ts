import { type PlimsollError, ServerError, errorOf, withoutSecrets } from "../errors.js";
import { type ErrorName, errorNames, events, executedNames, recordWords } from "./abi.js";
import type { Core } from "./core.js";
import type { NodeReader } from "./decode.js";

// Reads event records (PlimsollEventRecord in wasm/abi_types.h), except their values. `at` is a place in
// Core.words.

/** What is missing before a message: messages dropped for lack of room, and lost connections. */
export interface Missed {
  readonly lost: number;
  readonly gaps: number;
}

/** What is missing before the message at `at`. */
export const readMissed = ({ words }: Core, at: number): Missed =>
  ({ lost: words[at + 6]!, gaps: words[at + 7]! });

// What a bridge answers in these cases is no error of the server's.
const ofLoss: ReadonlySet<ErrorName> = new Set(["lost_in_doubt", "lost_unsent", "reply_too_large"]);

// For these errors the server's text alone does not say what to do, so the core's sentence comes first.
const withAdvice: ReadonlySet<ErrorName> = new Set(["cluster_redirect", "transaction_aborted"]);

/** The error of the record at `at`. Its value, if it has one, is the server's error reply. `trouble` is the
    last error of the connection, or "". */
export const readFailure = (
  core: Core,
  reader: NodeReader,
  at: number,
  nodes: number,
  trouble: string,
): PlimsollError => {
  const { words } = core;
  const name = errorNames[words[at + 2]!]!;
  const executed = executedNames[words[at + 3]!]!;
  let text = core.text(words[at + 4]! >>> 0, words[at + 5]!);
  if (nodes > 0) {
    reader.begin(at + recordWords, nodes);
    const said = reader.value("text", false);
    if (said instanceof ServerError) {
      const message = withoutSecrets(said.message);
      if (words[at] !== events.failed && words[at] !== events.queueingFailed) {
        text += ` (the server said: ${message})`;
      } else if (ofLoss.has(name)) {
        return errorOf(name, executed, message);
      } else if (!withAdvice.has(name)) {
        return new ServerError(name === "server_error" ? said.serverCode : name, message, executed);
      } else {
        const sentence = text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;
        return new ServerError(name, `${sentence} (the server said: ${message})`, executed,
          message);
      }
    }
  }
  return errorOf(name, executed, trouble === "" ? text : `${text}: ${trouble}`);
};
