// Numbers as the page shows them.

const units = ["B", "KiB", "MiB", "GiB"];

/** 1536: "1.5 KiB". */
export const asBytes = (bytes: number): string => {
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit += 1;
  }
  return `${bytes.toFixed(unit === 0 || bytes >= 100 ? 0 : 1)} ${units[unit]}`;
};

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
export const asCount = (count: number): string => whole.format(count);

/** 0.5: "50.0 %". */
export const asPercent = (part: number): string => `${(100 * part).toFixed(1)} %`;

/** Milliseconds: "0.8 µs", "12 ms", "1.5 s". */
export const asTime = (milliseconds: number): string => {
  if (milliseconds < 0.1) return `${(1000 * milliseconds).toPrecision(2)} µs`;
  if (milliseconds < 1) return `${(1000 * milliseconds).toFixed(0)} µs`;
  if (milliseconds < 999.5) return `${milliseconds.toPrecision(3)} ms`;
  return `${(milliseconds / 1000).toPrecision(3)} s`;
};
