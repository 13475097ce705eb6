// What is wrong with an argument, in words.

const long = 40;

/** What a value is, briefly: "the number 2.5". */
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

/** Throws; the method's name comes in front of what this says. */
export const refuse = (argument: string, value: unknown, allowed: string): never => {
  throw new TypeError(`${argument}: got ${described(value)}; give ${allowed}`);
};
