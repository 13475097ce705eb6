// Checks every page of a built site in Chromium: node check_pages.mjs [FOLDER [SCREENSHOTS]]
//
//   links      each link within the site leads to a page, and to an element where it names one
//   the page   loads without an error, asks nobody but the site for anything, and fits a narrow screen
//   axe        finds nothing, light and dark
//
// With the site's build that takes some minutes of a processor, so ./dev test does not run it: tests/tidy
// checks links, anchors and the index there, in the markdown, and `./dev docs --site --check` runs this.
//
// It prints a line for each fault, and ends with status 1 if there is one. SCREENSHOTS: a folder for pictures
// of each page, light, dark and narrow.

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { once } from "node:events";
import { extname, join, relative, resolve, sep } from "node:path";

import { chromium } from "playwright-core";

import { root } from "./pages.mjs";

const [folder = join(root, ".site"), screenshots] = process.argv.slice(2).map((each) => resolve(each));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const narrow = { width: 360, height: 800 };
const wide = { width: 1280, height: 900 };
const pagesAtATime = 2;
// Only what hangs takes so long, in milliseconds.
const patience = 600_000;

const types = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".json": "application/json",
  ".png": "image/png", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

/** The site as any host of static files serves it. */
const serve = async () => {
  const http = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    const path = join(folder, decodeURIComponent(pathname.endsWith("/") ? `${pathname}index.html` : pathname));
    try {
      if (!path.startsWith(folder + sep)) throw new Error("outside");
      const bytes = readFileSync(path);
      response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return http;
};

const pages = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith(".html"))
  .map((name) => relative(folder, join(folder, name)).split(sep).join("/"))
  .sort();

/** What a page links to, and to which of its elements others may link. */
const read = (page) => page.evaluate(() => ({
  links: [...document.querySelectorAll("a[href]")].map((a) => [a.href, a.getAttribute("href")]),
  ids: [...document.querySelectorAll("[id], a[name]")].map((each) => each.id || each.name),
  images: [...document.images].filter((image) => image.complete && image.naturalWidth === 0).map(({ src }) => src),
}));

const violations = async (page) => {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run());
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) =>
      `${id}: ${target}: ${failureSummary.replace(/\s+/g, " ")}`));
};

const http = await serve();
const origin = `http://127.0.0.1:${http.address().port}`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"] });
const faults = new Set();
/** Notes what is wrong, and says it at once: there are many pages. */
const addFault = (text) => {
  if (!faults.has(text)) console.log(text);
  faults.add(text);
};
const linksOf = new Map();
const idsOf = new Map();

/** A page; whatever is wrong with it is a fault. */
const visit = async (name) => {
  const fault = (text) => addFault(`${name}: ${text}`);
  const context = await browser.newContext({ colorScheme: "light", viewport: wide, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.on("pageerror", (error) => fault(`an error in the page: ${error}`));
  // What is missing is named below, better than by the console.
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("Failed to load")) fault(`its console: ${message.text()}`);
  });
  // The page about a missing page asks for the script of the page that is missing.
  page.on("response", (response) => {
    if (!response.ok() && name !== "404.html") fault(`the host says ${response.status()} to ${response.url()}`);
  });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin) {
      fault(`asks ${request.url()}, which is not the site`);
    }
  });
  await page.goto(`${origin}/${name}`, { waitUntil: "networkidle" });
  const { links, ids, images } = await read(page);
  linksOf.set(name, links);
  idsOf.set(name, new Set(ids));
  for (const source of images) fault(`no image at ${source}`);
  const fits = async ({ width }) => {
    const needed = await page.evaluate(() => document.documentElement.scrollWidth);
    if (needed > width) fault(`is ${needed} pixels wide on a screen of ${width}`);
  };
  const picture = async (kind) => {
    if (screenshots === undefined) return;
    await page.screenshot({ timeout: patience, path: join(screenshots, `${name.replaceAll("/", "-")}.${kind}.png`) });
  };
  await fits(wide);
  for (const each of await violations(page)) fault(`axe, light: ${each}`);
  await picture("light");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForFunction(() => document.documentElement.classList.contains("dark"));
  for (const each of await violations(page)) fault(`axe, dark: ${each}`);
  await picture("dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(narrow);
  await fits(narrow);
  await picture("narrow");
  await context.close();
};

/** Follows the links of all pages; those to elsewhere stay unasked. */
const followLinks = () => {
  for (const [name, links] of linksOf) {
    for (const [address, written] of links) {
      const { origin: where, pathname, hash } = new URL(address, `${origin}/${name}`);
      if (where !== origin) continue;
      const path = decodeURIComponent(pathname.endsWith("/") ? `${pathname}index.html` : pathname).slice(1);
      const id = decodeURIComponent(hash.slice(1));
      if (!idsOf.has(path)) {
        if (path.endsWith(".html") || !existingFile(path)) addFault(`${name}: ${written} leads to no page`);
      } else if (id !== "" && !idsOf.get(path).has(id)) {
        addFault(`${name}: ${written} leads to no element: ${path} has no id '${id}'`);
      }
    }
  }
};

const files = new Set(readdirSync(folder, { recursive: true }).map((name) => name.split(sep).join("/")));
const existingFile = (path) => files.has(path);

try {
  if (pages.length === 0) throw new Error(`no pages in ${folder}: ./dev docs --site makes them`);
  if (screenshots !== undefined) mkdirSync(screenshots, { recursive: true });
  const rest = [...pages];
  await Promise.all(Array.from({ length: pagesAtATime }, async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) await visit(next);
  }));
  followLinks();
} finally {
  await browser.close();
  http.close();
}
const linkCount = [...linksOf.values()].reduce((sum, links) => sum + links.length, 0);
console.log(`${pages.length} pages, ${linkCount} links: ${faults.size} faults`);
process.exitCode = faults.size === 0 ? 0 : 1;
