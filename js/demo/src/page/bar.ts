import { element } from "./element.js";

/** A bar beside a number that says the same: for the eye alone. */
export const bar = (part: number): HTMLElement => {
  const fill = element("span", { class: "bar-fill" });
  fill.style.width = `${100 * Math.min(1, part)}%`;
  return element("span", { class: "bar", "aria-hidden": "true" }, fill);
};
