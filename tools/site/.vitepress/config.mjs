// How the site is made of the documents that build.mjs has put into .pages.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { slug } from "github-slugger";
import { defineConfig } from "vitepress";

import { documentOf, imageOnSite, linkOnSite, pageOf, project, root, sections, titleOf } from "../pages.mjs";

const base = process.env.SITE_BASE ?? "/";

/** The pages of the API, which build.mjs has made. */
const reference = JSON.parse(readFileSync(join(import.meta.dirname, "../.pages/reference.json"), "utf8"));

/** Code that is four columns in becomes as other code, which scrolls by itself where it is wide. */
const fenceIndented = (md) => {
  md.core.ruler.push("fence-indented", ({ tokens, env }) => {
    for (const token of tokens) {
      if (token.type !== "code_block") continue;
      // TypeDoc escapes what markdown does not read in code.
      const content = env.relativePath.startsWith("api/js/") ? token.content.replace(/\\([<>{}])/g, "$1") : token.content;
      Object.assign(token, { type: "fence", tag: "code", info: "text", content });
    }
  });
};

/** The header of a column without a name is a cell as others: a screen reader would announce nothing. */
const namelessHeaders = (md) => {
  md.core.ruler.push("nameless-headers", ({ tokens }) => {
    tokens.forEach((token, index) => {
      if (token.type !== "th_open" || tokens[index + 1].content !== "") return;
      token.tag = "td";
      tokens[index + 2].tag = "td";
    });
  });
};

/** Changes links and images of a document into the site's, before anything else sees them. */
const linksOfSite = (md) => {
  md.core.ruler.push("links-of-site", ({ tokens, env }) => {
    const document = documentOf(env.relativePath);
    if (document === undefined) return;
    const change = (token) => {
      if (token.type === "link_open") token.attrSet("href", linkOnSite(document, token.attrGet("href")));
      if (token.type === "image") token.attrSet("src", imageOnSite(document, token.attrGet("src")));
      if (token.type === "html_inline" || token.type === "html_block") {
        const [tag] = /<(?!img |br>|!--)[^>]*>/.exec(token.content) ?? [];
        if (tag !== undefined) throw new Error(`${document}: ${tag} is read as HTML: expected backticks around it`);
        token.content = token.content.replace(/(<img src=")([^"]+)/g,
          (_, before, source) => before + imageOnSite(document, source));
      }
      token.children?.forEach(change);
    };
    tokens.forEach(change);
  });
};

export default defineConfig({
  title: "Plimsoll",
  description: project.summary,
  lang: "en",
  base,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${base}mark.svg` }]],
  srcDir: ".pages",
  outDir: process.env.SITE_FOLDER ?? join(root, ".site"),
  cacheDir: ".cache",
  // A page changes when its document does, and this must not ask git for each.
  lastUpdated: false,
  // The index of the search, which loads when somebody searches, and the pages of all commands.
  vite: { build: { chunkSizeWarningLimit: 4_000 } },
  markdown: {
    // As code hosts name headings, since the documents' links are written for these.
    anchor: { slugify: slug },
    // The nearest that the tool knows.
    languageAlias: { capnp: "proto" },
    // The default themes have less contrast than WCAG's 4.5 to 1.
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (md) => md.use(fenceIndented).use(namelessHeaders).use(linksOfSite),
  },
  themeConfig: {
    search: { provider: "local" },
    outline: { level: [2, 3] },
    sidebar: [...sections.map(({ section, pages }) => ({
      text: section,
      items: pages.map((document) => ({
        text: titleOf(document),
        link: `/${pageOf(document).replace(/(index)?\.md$/, "")}`,
      })),
    })), { text: "API", items: reference }],
  },
});
