// Serves the cluster's page to this machine: its files, what it shows, and what its buttons order. No other page may
// ask: a request has to name this server as its host, and an order has to come from this server's own page.

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, relative } from "node:path";

const pages = join(import.meta.dirname, "../dist-cluster");
const orderBytesMax = 200;
const connectionsMax = 64;

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

// As the bridge has it for its pages (native/bridge/pages), without WebAssembly.
const restrictions = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};

/** Files by their paths in an address, read once: no path leads out of the folder. */
const readPages = () => {
  const files = new Map();
  let entries;
  try {
    entries = readdirSync(pages, { recursive: true, withFileTypes: true });
  } catch {
    throw new Error("the page is not built: node js/demo/build.mjs --cluster");
  }
  for (const entry of entries) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(`/${relative(pages, file)}`, { type, bytes: readFileSync(file) });
  }
  files.set("/", files.get("/cluster.html"));
  return files;
};

const orders = /^(?:move|(?:kill|start|promote) [ABC][12])$/;

// The order in a request's body; an Error says what it has instead.
const readOrder = async (request) => {
  let text = "";
  for await (const piece of request) {
    text += piece;
    if (text.length > orderBytesMax) throw new Error(`expected ${orderBytesMax} bytes at most`);
  }
  const { order } = JSON.parse(text);
  if (!orders.test(order)) throw new Error("expected \"move\", or kill, start or promote and a node, as in \"kill A1\"");
  return order;
};

/**
 * `state()` is the text of what the page shows, and `order(words)` passes on what it wants. `files` is how many the
 * page has.
 */
export const startClusterServer = async ({ port, state, order }) => {
  const files = readPages();
  let hosts;

  const answer = (response, status, text = "", type = "text/plain; charset=utf-8", more = {}) => {
    response.writeHead(status, { ...restrictions, "Cache-Control": "no-store", "Content-Type": type, ...more });
    response.end(text);
  };

  const takeOrder = async (request, response) => {
    const { origin, "content-type": type } = request.headers;
    if (!hosts.some((host) => origin === `http://${host}`)) return answer(response, 403, "not from this page\n");
    if (type !== "application/json") return answer(response, 415, "expected application/json\n");
    try {
      order(await readOrder(request));
    } catch (error) {
      return answer(response, 400, `no order: ${error.message}\n`, undefined, { Connection: "close" });
    }
    return answer(response, 202);
  };

  const handle = (request, response) => {
    const [path] = request.url.split("?");
    if (!hosts.includes(request.headers.host)) return answer(response, 403, `expected the host ${hosts[0]}\n`);
    const method = path === "/orders" ? "POST" : "GET";
    if (request.method !== method) return answer(response, 405, `expected ${method}\n`, undefined, { Allow: method });
    if (path === "/orders") return takeOrder(request, response);
    if (path === "/state") return answer(response, 200, state(), "application/json");
    const file = files.get(path);
    if (file === undefined) return answer(response, 404, "no such page\n");
    return answer(response, 200, file.bytes, file.type);
  };

  const server = createServer(handle);
  server.maxConnections = connectionsMax;
  server.listen(port, "127.0.0.1");
  await once(server, "listening");  // throws what is in the way
  const bound = server.address().port;
  hosts = [`127.0.0.1:${bound}`, `localhost:${bound}`];
  return {
    origin: `http://${hosts[0]}`,
    files: new Set(files.values()).size,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => { server.close(resolve); });
    },
  };
};
