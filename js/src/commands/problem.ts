// The texts of errors about arguments.

const long = 40;

// What a caller passes may be a Proxy that throws whatever is asked of it.
const kindOf = (value: object): string => {
  try {
    if (Array.isArray(value)) return `an array of ${value.length}`;
    return `an object (${String(value.constructor?.name ?? "without prototype")})`;
  } catch {
    return "an object";
  }
};

/** Describes a value briefly: "the number 2.5". Never throws. */
export const described = (value: unknown): string => {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") {
    const shown = value.length > long ? value.slice(0, long) + "…" : value;
    return `the string ${JSON.stringify(shown)}`;
  }
  if (typeof value === "object") return kindOf(value);
  return typeof value === "function" || typeof value === "symbol" ? `a ${typeof value}`
                                                                  : `the ${typeof value} ${value}`;
};

/** Throws a TypeError about an argument. The method's name is added in front of the message later. */
export const refuse = (argument: string, value: unknown, allowed: string): never => {
  throw new TypeError(`${argument}: got ${described(value)}; give ${allowed}`);
};
