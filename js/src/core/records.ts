import { type PlimsollError, ServerError, errorOf, serverError, withoutSecrets } from "../errors.js";
import type { Missed } from "../requests.js";
import { errorNames, executedNames, recordWords } from "./abi.js";
import type { Core } from "./core.js";
import type { NodeReader } from "./decode.js";

// What event records say besides their values (PlimsollEventRecord in wasm/abi_types.h). Places are
// in words of 32 bits.

/** Messages that are missing before the one at `at`. */
export const readMissed = ({ words }: Core, at: number): Missed =>
  ({ lost: words[at + 6]!, gaps: words[at + 7]! });

/** The error of the record at `at`, whose value may be the server's own words; `trouble` is what
    its connection has said last, if anything. */
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
    const said = reader.value(false, false);
    if (said instanceof ServerError) {
      const message = withoutSecrets(said.message);
      if (name === "server_error") return serverError(message, "yes");
      text += ` (the server said: ${message})`;
    }
  }
  return errorOf(name, executed, trouble === "" ? text : `${text}: ${trouble}`);
};
