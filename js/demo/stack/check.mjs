// Whether the page is there for a visitor: it and all that it refers to, and the way to the server.

import { Client } from "plimsoll";
import WebSocket from "ws";

const policies = ["content-security-policy", "cross-origin-opener-policy", "cross-origin-embedder-policy"];

const fetchText = async (url) => {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url.pathname} answers ${response.status}`);
  for (const policy of policies) {
    if (!response.headers.has(policy)) throw new Error(`${url.pathname} has no ${policy}`);
  }
  return response.text();
};

// As Vite writes them: in attributes of the page, and with a hash in scripts.
const namesIn = (text) => [
  ...[...text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, name]) => name),
  ...[...text.matchAll(/["'`]([\w./-]+-[\w-]{8}\.(?:js|css|wasm))["'`]/g)].map(([, name]) => name),
];

const checkFiles = async (origin) => {
  const seen = new Set();
  const visit = async (url) => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const text = await fetchText(url);
    for (const name of namesIn(text)) await visit(new URL(name, url));
  };
  await visit(new URL("/", origin));
  if (![...seen].some((url) => /\/worker-/.test(url))) throw new Error("the page refers to no worker");
  return seen.size;
};

const checkServer = async (origin, token) => {
  // A page's socket says where the page is from.
  class FromPage extends WebSocket {
    constructor(address, protocols) { super(address, protocols, { origin }); }
  }
  const client = await Client.connect(origin.replace("http", "ws"),
    { token, WebSocket: FromPage, reconnectAttemptsMax: 1, requestTimeout: 5000 });
  try {
    await client.ping();
  } finally {
    await client.close();
  }
};

/** How many files the page has. Throws an Error that says what is not as a visitor needs it. */
export const checkPage = async ({ origin, token, troubleToken }) => {
  const files = await checkFiles(origin);
  for (const each of [token, troubleToken]) await checkServer(origin, each);
  return files;
};
