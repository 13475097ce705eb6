// The colours of the nodes as a canvas needs them: what the style sheet's variables come to just now.

export interface Inks {
  readonly nodes: readonly string[];  // in the order of the nodes
  readonly nobody: string;
  readonly ink: string;
  readonly sheet: string;
  readonly mark: string;
}

const nodesCount = 6;

const look = (where: Element): Inks => {
  const probe = document.createElement("span");
  where.append(probe);
  const colourOf = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const inks = {
    nodes: Array.from({ length: nodesCount }, (_, index) => colourOf(`--node-${index}`)),
    nobody: colourOf("--rule"),
    ink: colourOf("--ink"),
    sheet: colourOf("--sheet"),
    mark: colourOf("--mark"),
  };
  probe.remove();
  return inks;
};

/** A function that returns the colours, which change with the scheme. */
export const watchInks = (where: Element): (() => Inks) => {
  let inks: Inks | undefined;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { inks = undefined; });
  return () => inks ??= look(where);
};
