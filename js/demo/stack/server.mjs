// The private valkey-server: on loopback, with nothing on disk that is worth keeping.

import { holdPort } from "../../test/package/ports.mjs";
import { startChild } from "./child.mjs";

const run = (port, folder, onFall) => startChild(process.env.VALKEY_SERVER ?? "valkey-server",
  ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder],
  /Ready to accept connections/, { onFall });

/** Listens until stop(); start() has it come back at the same port, empty. `onFall` as of startChild(). */
export const startServer = async (folder, onFall) => {
  const port = await holdPort();
  let child = await run(port, folder, onFall);
  return {
    port,
    address: `valkey://127.0.0.1:${port}`,
    get pid() { return child.pid; },
    stop: () => child.stop(),
    start: async () => { child = await run(port, folder, onFall); },
  };
};
