// Assertions that need nothing of a runtime.

const shown = (value) => {
  if (value instanceof Map) return `Map${JSON.stringify([...value])}`;
  if (value instanceof Set) return `Set${JSON.stringify([...value])}`;
  if (value instanceof Uint8Array) return `bytes ${[...value.slice(0, 50)]}`;
  if (typeof value === "bigint") return `${value}n`;
  return JSON.stringify(value, (_, each) => (typeof each === "bigint" ? `${each}n` : each)) ??
    String(value);
};

export const check = (condition, what) => {
  if (!condition) throw new Error(what);
};

export const equal = (actual, expected, what = "") => {
  const same = Object.is(actual, expected) || shown(actual) === shown(expected);
  check(same, `${what} is ${shown(actual).slice(0, 300)}, not ${shown(expected).slice(0, 300)}`);
};

/** The error that it rejects with; `properties` says what that must have. */
export const rejects = async (promise, properties) => {
  let error;
  try {
    const value = await promise;
    throw new Error(`resolved to ${shown(value)}, where it should have failed`);
  } catch (thrown) {
    error = thrown;
  }
  for (const [name, expected] of Object.entries(properties)) {
    const fits = expected instanceof RegExp ? expected.test(error[name])
                                            : error[name] === expected;
    check(fits, `${name} of the error is ${shown(error[name])}, not ${expected}: ${error.stack}`);
  }
  return error;
};

/** Waits until it is so; the case's own time limit is what ends it otherwise. */
export const until = async (condition) => {
  while (!await condition()) await new Promise((resolve) => { setTimeout(resolve, 5); });
};
