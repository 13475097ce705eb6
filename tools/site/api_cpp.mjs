// The reference of the C++ headers that users include: a page for each, of what Doxygen reads in it.
//
// Fails if a class or a struct has no comment, or if a comment names what is not there. A member whose name says
// all may stand without one.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

import { DOMParser } from "@xmldom/xmldom";

import { root } from "./pages.mjs";

/** The headers, as paths in the repository: the list that CMake installs. */
const headers = /set\(PLIMSOLL_USER_HEADERS\n(.*?)\)/s
  .exec(readFileSync(join(root, "packaging/cmake/sources.cmake"), "utf8"))[1].trim().split(/\s+/);

/** Where a header is. Those that are not in the repository are made of the command data, below `generated`. */
const placeOf = (header, generated) => {
  if (existsSync(join(root, header))) return join(root, header);
  const place = join(generated, header);
  if (existsSync(place)) return place;
  mkdirSync(dirname(place), { recursive: true });
  const words = ["-B", "tools/commands/generate.py", basename(header), "--data", "core/commands/data", "--output", place];
  const { status } = spawnSync("python3", words, { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error(`${header}: not in the repository, and tools/commands/generate.py does not make it`);
  return place;
};

/** Has Doxygen read the headers, and returns the folder of its XML. */
const readHeaders = (folder, generated) => {
  const inputs = headers.map((header) => placeOf(header, generated));
  const settings = `${readFileSync(join(import.meta.dirname, "Doxyfile"), "utf8")}
INPUT = ${inputs.join(" ")}
OUTPUT_DIRECTORY = ${folder}
STRIP_FROM_PATH = ${root} ${generated}
`;
  const { status, stderr, error } = spawnSync("doxygen", ["-"], { input: settings, encoding: "utf8" });
  if (error !== undefined) throw error;
  const faults = stderr.split("\n").filter((line) => line !== "" && !/Member .* is not documented/.test(line));
  if (status !== 0 || faults.length > 0) throw new Error(`Doxygen has faults to tell:\n${faults.join("\n")}`);
  return join(folder, "xml");
};

const elements = (node, name) =>
  Array.from(node.childNodes).filter((each) => each.nodeType === 1 && (name === undefined || each.nodeName === name));
const element = (node, name) => elements(node, name)[0];
const textOf = (node, name) => (element(node, name)?.textContent ?? "").trim();

/** C++ as people write it: Doxygen puts blanks into templates. */
const code = (text) => text.replace(/< /g, "<").replace(/ (?=>)/g, "").replace(/ ([&*]+)/g, "$1 ")
  .replace(/([&*]+) (?=[,)>])/g, "$1").replace(/(?<=[\w>])=(?=[\w{"(:])/g, " = ").replace(/\s+/g, " ").trim();

const escape = (text) => text.replace(/[\\`*_[\]|#]/g, "\\$&").replace(/&/g, "&amp;").replace(/</g, "&lt;")
  .replace(/>/g, "&gt;").replace(/\{/g, "&#123;");

const inCode = (text) => (text.includes("`") ? `<code v-pre>${escape(text)}</code>` : `\`${text}\``);

/** Doxygen's XML of a comment as markdown. `linkTo` returns the address of an id, or undefined. */
const markdown = (node, linkTo) => {
  const inner = (each) => Array.from(each.childNodes).map(convert).join("");
  const convert = (each) => {
    if (each.nodeType === 3) return escape(each.nodeValue.replace(/\s+/g, " "));
    switch (each.nodeName) {
      case "para": return `${inner(each).trim()}\n\n`;
      case "computeroutput": return inCode(each.textContent);
      case "ref": {
        const address = linkTo(each.getAttribute("refid"));
        return address === undefined ? inner(each) : `[${inner(each)}](${address})`;
      }
      case "bold": return `**${inner(each)}**`;
      case "emphasis": return `*${inner(each)}*`;
      case "itemizedlist": return `\n\n${elements(each).map((item) => `- ${inner(item).trim()}\n`).join("")}\n`;
      case "orderedlist": return `\n\n${elements(each).map((item) => `1. ${inner(item).trim()}\n`).join("")}\n`;
      case "verbatim":
      case "preformatted": return `\n\n\`\`\`cpp\n${each.textContent.replace(/\n+$/, "")}\n\`\`\`\n\n`;
      case "programlisting":
        return `\n\n\`\`\`cpp\n${elements(each, "codeline").map(lineOf).join("\n")}\n\`\`\`\n\n`;
      case "simplesect": return `${inner(each)}\n\n`;
      case "ulink": return `[${inner(each)}](${each.getAttribute("url")})`;
      case "ndash": return "-";
      case "linebreak": return "<br>\n";
      case "sp": return " ";
      case "ensp": return " ";
      default:
        if (each.nodeType === 1) throw new Error(`Doxygen's <${each.nodeName}> has no form here yet`);
        return "";
    }
  };
  const lineOf = (line) => Array.from(line.childNodes).map(plain).join("").trimEnd();
  const plain = (each) => (each.nodeType === 3 ? each.nodeValue : each.nodeName === "sp" ? " "
    : Array.from(each.childNodes).map(plain).join(""));
  return inner(node).replace(/\n{3,}/g, "\n\n").trim();
};

const commentOf = (node, linkTo) => ["briefdescription", "detaileddescription"]
  .map((name) => element(node, name)).filter(Boolean).map((each) => markdown(each, linkTo)).filter(Boolean)
  .join("\n\n");

/** What stands above the first namespace of a header: what it is for. */
const introductionOf = (text) => {
  const found = /^(?:\/\/(?!\/).*\n)+(?=\n*(?:namespace|\/\/\/))/m.exec(text);
  if (found === null) return "";
  const words = found[0].trimEnd().replace(/^\/\/ ?/gm, "");
  // Code is two columns in.
  return words.replace(/(?:^ {2,}(?![-*\d]).*\n?(?:\n(?= {2}))?)+|^.+$/gm, (part) => (part.startsWith("  ")
    ? `\`\`\`cpp\n${part.trimEnd().replace(/^ {2}/gm, "")}\n\`\`\`\n`
    : part.replace(/</g, "&lt;").replace(/\{\{/g, "&#123;&#123;")));
};

const templateOf = (node) => {
  const list = element(node, "templateparamlist");
  if (list === undefined) return "";
  const params = elements(list, "param").map((param) =>
    code([textOf(param, "type"), textOf(param, "declname")].filter(Boolean).join(" ")) +
      (textOf(param, "defval") === "" ? "" : ` = ${code(textOf(param, "defval"))}`));
  const requires = textOf(node, "requiresclause");
  return `template <${params.join(", ")}>\n${requires === "" ? "" : `  requires ${code(requires)}\n`}`;
};

/** The declaration of a function, an alias, an enumeration or a variable. */
const declarationOf = (member) => {
  const kind = member.getAttribute("kind");
  const name = textOf(member, "name");
  if (kind === "enum") {
    const scoped = member.getAttribute("strong") === "yes" ? "enum class" : "enum";
    const values = elements(member, "enumvalue").map((value) => `  ${textOf(value, "name")},`).join("\n");
    return `${scoped} ${name} {\n${values}\n};`;
  }
  if (kind === "typedef") return `${templateOf(member)}using ${name} = ${code(textOf(member, "type"))};`;
  const words = ["static", "explicit"].filter((word) => member.getAttribute(word) === "yes");
  const begin = templateOf(member) + [...words, code(textOf(member, "type")), name].filter(Boolean).join(" ");
  if (kind === "variable") {
    const value = code(textOf(member, "initializer"));
    return `${begin}${value.startsWith("=") ? " " : ""}${value};`;
  }
  return `${begin}${code(textOf(member, "argsstring"))};`;
};

const isPublic = (member) => member.getAttribute("prot") === "public" &&
  !/=\s*(default|delete)$/.test(textOf(member, "argsstring")) && !textOf(member, "name").startsWith("~") &&
  member.getAttribute("kind") !== "friend";

const conceptOf = (node) => code(textOf(node, "initializer")).replace(/^template<(.*?)>\s*/, "template <$1>\n")
  .replace(/(?<=concept )plimsoll::(native::)?/, "");

/** Writes the pages into `folder`, and returns { title, page, names } for each. */
export const writeReference = (folder) => {
  const scratch = mkdtempSync(join(tmpdir(), "plimsoll-doxygen-"));
  const generated = join(scratch, "generated");
  try {
    const xml = readHeaders(scratch, generated);
    const parser = new DOMParser();
    const compounds = readdirSync(xml).filter((name) => /^(class|struct|namespace|concept).*\.xml$/.test(name))
      .map((name) => elements(element(
        parser.parseFromString(readFileSync(join(xml, name), "utf8"), "text/xml"), "doxygen"), "compounddef")[0]);
    mkdirSync(folder, { recursive: true });
    const pages = pagesOf(compounds, folder, generated);
    writeFileSync(join(folder, "index.md"), indexText(pages));
    return pages;
  } finally {
    rmSync(scratch, { recursive: true });
  }
};

const pageNameOf = (header) => basename(header, ".h");

const pagesOf = (compounds, folder, generated) => {
  // By header: what it declares, in its order.
  const declared = new Map(headers.map((header) => [header, []]));
  const addresses = new Map();
  const add = (node, entry) => {
    const at = element(node, "location");
    const entries = declared.get(at?.getAttribute("file"));
    if (entries === undefined) return undefined;
    entries.push({ line: Number(at.getAttribute("line")), node, ...entry });
    return pageNameOf(at.getAttribute("file"));
  };
  for (const compound of compounds) {
    const members = elements(compound, "sectiondef").flatMap((section) => elements(section, "memberdef"))
      .filter(isPublic);
    const name = code(textOf(compound, "compoundname")).replace(/^plimsoll::(native::)?/, "").replace(/^native::/, "");
    if (compound.getAttribute("kind") === "namespace") {
      for (const member of members) {
        const id = textOf(member, "name");
        const page = add(member, { name: id, members: [] });
        if (page !== undefined) addresses.set(member.getAttribute("id"), `./${page}.md#${anchorOf(id)}`);
      }
      continue;
    }
    if (compound.getAttribute("prot") === "private" || /(^|::)(std|detail)::/.test(name)) continue;
    const page = add(compound, { name, members });
    if (page === undefined) continue;
    addresses.set(compound.getAttribute("id"), `./${page}.md#${anchorOf(name)}`);
    for (const member of members) addresses.set(member.getAttribute("id"), `./${page}.md#${anchorOf(name)}`);
  }
  return [...declared].filter(([, entries]) => entries.length > 0).map(([header, entries]) => {
    entries.sort((a, b) => a.line - b.line);
    const text = pageText(header, entries, readFileSync(placeOf(header, generated), "utf8"), addresses);
    writeFileSync(join(folder, `${pageNameOf(header)}.md`), text);
    const names = [...new Set(entries.map(({ name }) => name))];
    return { title: `${pageNameOf(header)}.h`, page: `${pageNameOf(header)}.md`, names };
  }).sort((a, b) => (a.title < b.title ? -1 : 1));
};

/** The page that lists the headers, with what each declares. */
const indexText = (pages) => `# C++ headers

What users include, as \`plimsoll/NAME.h\`. [using.md](../../using.md) and the other guides say how to use it; this is made of the
comments in the headers.

| header | declares |
|---|---|
${pages.map(({ title, page, names }) =>
    `| [${title}](./${page}) | ${names.map(inCode).join(", ")} |`).join("\n")}
`;

const anchorOf = (name) => name.toLowerCase().replace(/[^\w]+/g, "-").replace(/^-|-$/g, "");

const fenced = (text) => `\`\`\`cpp\n${text}\n\`\`\`\n`;

const pageText = (header, entries, source, addresses) => {
  const linkTo = (id) => addresses.get(id);
  const parts = [`# plimsoll/${basename(header)}\n`, fenced(`#include "plimsoll/${basename(header)}"`),
    introductionOf(source)];
  const taken = new Set();
  for (const { name, node, members } of entries) {
    // Overloads follow one heading.
    if (!taken.has(name)) parts.push(`\n## ${escape(name)} {#${anchorOf(name)}}\n`);
    taken.add(name);
    if (node.nodeName === "compounddef") {
      const kind = node.getAttribute("kind");
      const bases = elements(node, "basecompoundref").filter((base) => base.getAttribute("prot") === "public")
        .map((base) => `public ${code(base.textContent).replace(/plimsoll::(native::)?/g, "")}`);
      parts.push(fenced(kind === "concept" ? conceptOf(node)
        : `${templateOf(node)}${kind} ${name}${bases.length === 0 ? "" : ` : ${bases.join(", ")}`};`));
    } else {
      parts.push(fenced(declarationOf(node)));
    }
    parts.push(commentOf(node, linkTo));
    const values = elements(node, "enumvalue").map((value) => [textOf(value, "name"), commentOf(value, linkTo)])
      .filter(([, comment]) => comment !== "");
    for (const [value, comment] of values) parts.push(`- ${inCode(value)}: ${oneLine(comment)}`);
    parts.push(...membersText(members, linkTo));
  }
  return `${parts.join("\n").replace(/\n{3,}/g, "\n\n").trimEnd()}\n`;
};

const oneLine = (text) => text.replace(/\s+/g, " ");

const columnsMax = 90;

/** A comment as lines of C++, in front of what it is about. */
const commentLines = (member) => {
  const words = ["briefdescription", "detaileddescription"].map((name) => textOf(member, name)).join(" ")
    .split(/\s+/).filter(Boolean);
  const lines = [];
  for (const word of words) {
    if (lines.length === 0 || lines.at(-1).length + word.length >= columnsMax) lines.push("//");
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines;
};

/** The members of a class. What it holds comes together, as it stands in the header. */
const membersText = (members, linkTo) => {
  const parts = [];
  let fields = [];
  const endFields = () => {
    if (fields.length > 0) parts.push(`\n${fenced(fields.join("\n"))}`);
    fields = [];
  };
  for (const member of members) {
    if (member.getAttribute("kind") === "variable") {
      fields.push(...commentLines(member), declarationOf(member));
      continue;
    }
    endFields();
    const values = elements(member, "enumvalue").map((value) => [textOf(value, "name"), commentOf(value, linkTo)])
      .filter(([, comment]) => comment !== "")
      .map(([name, comment]) => `- ${inCode(name)}: ${oneLine(comment)}`);
    parts.push(`\n${fenced(declarationOf(member))}`, commentOf(member, linkTo), "", ...values);
  }
  endFields();
  return parts;
};
