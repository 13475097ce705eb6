// What the browser itself says that this tab takes, and its workers. It answers once it has collected
// garbage, up to half a minute later, so it shows what is kept, and no peaks.

interface Measurement {
  readonly bytes: number;
  readonly breakdown: readonly {
    readonly bytes: number;
    readonly attribution: readonly { readonly scope: string; readonly url: string }[];
  }[];
}

export interface TabMemory {
  readonly whole: number;
  /** Of the worker whose script's name has this in it; undefined where the browser does not tell. */
  of(script: string): number | undefined;
}

/** Undefined where the browser does not tell. */
export const measureTab = async (): Promise<TabMemory | undefined> => {
  const { measureUserAgentSpecificMemory } = performance as Performance & {
    measureUserAgentSpecificMemory?: () => Promise<Measurement>;
  };
  if (!crossOriginIsolated || measureUserAgentSpecificMemory === undefined) return undefined;
  const { bytes, breakdown } = await measureUserAgentSpecificMemory.call(performance);
  return {
    whole: bytes,
    of: (script) => {
      const parts = breakdown.filter(({ attribution }) =>
        attribution.some(({ url }) => url.includes(script)));
      return parts.length === 0 ? undefined : parts.reduce((sum, part) => sum + part.bytes, 0);
    },
  };
};
