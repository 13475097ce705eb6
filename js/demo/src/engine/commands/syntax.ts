// The arguments of a command, as COMMAND DOCS describes them, in the notation of manuals:
// key value [NX | XX] [EX seconds | PX milliseconds] [field ...].

/** One argument, of those keys that are of use here. */
export interface Argument {
  readonly name: string;
  readonly type: string;
  readonly token?: string;
  readonly display_text?: string;
  readonly flags?: readonly string[];
  readonly arguments?: readonly Argument[];
}

const bare = ({ name, type, token, display_text: shown, arguments: parts = [] }: Argument): string => {
  switch (type) {
    case "pure-token": return token ?? name;
    case "oneof": return parts.map(syntaxOf).join(" | ");
    case "block": return parts.map(syntaxOf).join(" ");
    default: return shown ?? name;
  }
};

const syntaxOf = (argument: Argument): string => {
  const { type, token, flags = [] } = argument;
  const isOptional = flags.includes("optional");
  let text = bare(argument);
  if (type === "oneof" && !isOptional) text = `<${text}>`;
  const named = token === undefined || type === "pure-token" ? text : `${token} ${text}`;
  if (flags.includes("multiple_token")) text = `${named} [${named} ...]`;
  else if (flags.includes("multiple")) text = `${named} [${text} ...]`;
  else text = named;
  return isOptional ? `[${text}]` : text;
};

export const syntaxOfAll = (all: readonly Argument[]): string => all.map(syntaxOf).join(" ");
