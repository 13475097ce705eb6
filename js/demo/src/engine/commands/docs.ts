import type { AnyReply } from "plimsoll";

import { writer } from "../fleet.js";
import { type Argument, syntaxOfAll } from "./syntax.js";

// The commands that there are, as the server itself describes them: COMMAND DOCS.

export interface CommandDoc {
  /** "CONFIG GET" */
  readonly name: string;
  /** "parameter [parameter ...]" */
  readonly syntax: string;
  readonly summary: string;
}

interface Described {
  readonly summary?: string;
  readonly arguments?: readonly Argument[];
  readonly subcommands?: Readonly<Record<string, Described>>;
}

const plain = (reply: AnyReply): unknown => {
  if (reply instanceof Map) {
    return Object.fromEntries([...reply].map(([key, value]) => [String(key), plain(value)]));
  }
  if (reply instanceof Set || Array.isArray(reply)) return [...reply].map(plain);
  return reply;
};

const docsOf = ([name, described]: [string, Described]): CommandDoc[] => {
  const { summary = "", arguments: parts = [], subcommands } = described;
  if (subcommands !== undefined) return Object.entries(subcommands).flatMap(docsOf);
  return [{ name: name.toUpperCase().replace("|", " "), syntax: syntaxOfAll(parts), summary }];
};

const patience = 5000;

export const commandDocs = async (): Promise<readonly CommandDoc[]> => {
  const reply = await writer().command(["COMMAND", "DOCS"], { timeout: patience });
  const described = Object.entries(plain(reply) as Record<string, Described>);
  return described.flatMap(docsOf).sort((one, other) => one.name < other.name ? -1 : 1);
};
