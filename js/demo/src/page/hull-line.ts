import { element } from "./element.js";
import type { Engine } from "./engine.js";
import { asBytes } from "./format.js";
import { write } from "./figures.js";

// Moves the line. Where more is in use, the limit in force falls as that is given back.

const mebibytes = [
  1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64,
];
const atFirst = mebibytes.indexOf(16);

export const mountLine = (parent: HTMLElement, engine: Engine): void => {
  const slider = element("input", {
    type: "range", id: "line", min: "0", max: String(mebibytes.length - 1), step: "1", value: String(atFirst),
  });
  const shown = element("output", { for: "line", "aria-live": "off" });
  const answer = element("p", { class: "note", role: "status" });
  const wanted = (): number => mebibytes[Number(slider.value)]! * 1024 ** 2;
  const showWanted = (): void => {
    write(shown, asBytes(wanted()));
    slider.setAttribute("aria-valuetext", asBytes(wanted()));
  };
  parent.append(
    element("div", { class: "slider" }, element("label", { for: "line" }, "Memory line"), shown, slider),
    answer);
  showWanted();
  slider.addEventListener("input", () => {
    showWanted();
    const bytes = wanted();
    engine.services.drawLine(bytes).then(
      () => write(answer, `The line is at ${asBytes(bytes)}. What is above it is given back, then the ` +
        "limit in force is there."),
      (error: Error) => write(answer, error.message));
  });
};
