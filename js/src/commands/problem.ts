// The texts of errors about arguments.

const long = 40;

/** Describes a value briefly: "the number 2.5". */
export const described = (value: unknown): string => {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") {
    const shown = value.length > long ? value.slice(0, long) + "…" : value;
    return `the string ${JSON.stringify(shown)}`;
  }
  if (typeof value === "object") {
    return Array.isArray(value) ? `an array of ${value.length}`
                                : `an object (${value.constructor?.name ?? "without prototype"})`;
  }
  return typeof value === "function" || typeof value === "symbol" ? `a ${typeof value}`
                                                                  : `the ${typeof value} ${value}`;
};

/** Throws a TypeError about an argument. The method's name is added in front of the message later. */
export const refuse = (argument: string, value: unknown, allowed: string): never => {
  throw new TypeError(`${argument}: got ${described(value)}; give ${allowed}`);
};
