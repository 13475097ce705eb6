// A registry of npm packages on loopback, in this process, with nothing in it and nothing behind it: it does not
// ask another registry.

import { once } from "node:events";
import { join } from "node:path";

import { runServer } from "verdaccio";

/** Starts it. `folder` gets its files; stop() ends it. */
export const startRegistry = async (folder) => {
  const server = await runServer({
    configPath: join(folder, "config.yaml"),  // verdaccio keeps things beside it
    storage: join(folder, "storage"),
    uplinks: {},
    packages: { "**": { access: "$all", publish: "$all" } },
    auth: { htpasswd: { file: join(folder, "htpasswd"), max_users: -1 } },
    web: { enable: false },
    log: { type: "stdout", format: "pretty", level: "fatal" },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { address: `http://127.0.0.1:${server.address().port}/`, stop };
};
