import { element } from "./element.js";

// A table with its words above it, which wrap where the table has to be scrolled.

let made = 0;

/** The first column names the rows; `texts` says how many of the columns have words, not numbers. */
export const makeTable = (
  name: string, words: string, columns: readonly string[], texts: number, rows: readonly HTMLElement[] = [],
): { readonly parts: readonly HTMLElement[]; readonly body: HTMLElement } => {
  const id = `table-${made += 1}`;
  const body = element("tbody", {}, ...rows);
  const head = columns.map((title, index) =>
    element("th", { scope: "col", class: index < texts ? "" : "number" }, title));
  return {
    body,
    parts: [
      element("p", { class: "note", id }, words),
      element("div", { class: "scroll", role: "region", "aria-label": name, tabindex: "0" },
        element("table", { class: "table", "aria-label": name, "aria-describedby": id },
          element("thead", {}, element("tr", {}, ...head)), body)),
    ],
  };
};
