// The private valkey-server: on loopback, with nothing on disk that is worth keeping.

import { freePort } from "../../test/package/server.mjs";
import { startChild } from "./child.mjs";

const attemptsMax = 5;

const run = (port, folder) => startChild(process.env.VALKEY_SERVER ?? "valkey-server",
  ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder],
  /Ready to accept connections/);

const runOnFreePort = async (folder) => {
  for (let attempt = 1; ; ++attempt) {
    const port = await freePort();
    try {
      return { port, child: await run(port, folder) };
    } catch (error) {
      // Somebody else may have taken the port meanwhile.
      if (attempt === attemptsMax || !/Address already in use/.test(error.message)) throw error;
    }
  }
};

/** Listens until stop(); start() has it come back at the same port, empty. */
export const startServer = async (folder) => {
  let { port, child } = await runOnFreePort(folder);
  return {
    port,
    address: `valkey://127.0.0.1:${port}`,
    get pid() { return child.pid; },
    stop: () => child.stop(),
    start: async () => { child = await run(port, folder); },
  };
};
