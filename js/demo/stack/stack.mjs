// Everything that the page stands on, as ./dev demo, the tests and the benchmark start it: a private
// valkey-server, and the bridge with the page.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startBridge } from "./bridge.mjs";
import { startServer } from "./server.mjs";

const pages = join(import.meta.dirname, "../dist");

/**
 * Stands until stop(). `port`: of the page. An Error says what does not start; then nothing is left.
 * `fallen` resolves with an Error about the first part that ends by itself, if any does.
 */
export const startStack = async ({ port = 0, program = process.env.PLIMSOLL_BRIDGE } = {}) => {
  if (!existsSync(join(pages, "index.html"))) throw new Error("the page is not built: node js/demo/build.mjs");
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-demo-"));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeFolder);
  const parts = [];
  let onFall;
  const fallen = new Promise((resolve) => { onFall = resolve; });
  const stop = async () => {
    for (const part of parts.splice(0).reverse()) await part.stop();
    removeFolder();
    process.off("exit", removeFolder);
  };
  try {
    const server = await startServer(folder, onFall);
    parts.push(server);
    const bridge = await startBridge({ program, folder, port, server, pages, onFall });
    parts.push(bridge);
    const { origin, token, troubleToken } = bridge;
    const page = `${origin}/#token=${token}&trouble=${troubleToken}`;
    return { server, bridge, origin, token, troubleToken, page, fallen, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
