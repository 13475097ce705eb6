// The native walk through this machine's packages, on the stack's server: it leaves what the page reads.

import { runChild } from "./child.mjs";

/** Its exit status: 0 if every reply was right. `signal` interrupts it. */
export const walk = ({ server }, args, { signal, output } = {}) =>
  runChild(process.env.PLIMSOLL_DEMO, ["--url", server.address, "--leave-keys", ...args],
    { signal, output });
