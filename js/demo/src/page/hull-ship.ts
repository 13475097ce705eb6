import { drawing } from "./element.js";
import { asBytes } from "./format.js";
import { write } from "./figures.js";

// The picture: the mark stays where it is on the hull, and the water is as far from the keel to the
// mark as the bytes in use are from nothing to the limit. The draughts beside it are bytes.

const markY = 118;
const keelY = 246;
const draughts = [0, 0.25, 0.5, 0.75, 1];

const heightOf = (part: number): number => keelY - part * (keelY - markY);

const hullPath =
  "M86 84 C180 96 330 98 466 70 C458 130 442 196 420 246 L140 246 C112 236 94 180 86 84 Z";
const planks = [
  "M88 104 C190 114 330 115 462 92",
  "M93 140 C190 147 330 148 453 132",
  "M102 176 C190 181 330 182 443 172",
  "M116 210 C200 214 330 214 432 208",
];

const rigging = (): SVGElement => drawing("g", { class: "ship-rigging" },
  drawing("path", { d: "M168 91 V18 M330 91 V14 M168 24 L96 84 M168 24 L250 92 M330 20 L260 92 M330 20 L452 72" }),
  drawing("path", { class: "ship-house", d: "M206 93 V70 H300 V93 Z M292 70 V38 H314 V92 H292 Z M292 48 H314" }));

const mark = (): SVGElement => drawing("g", { class: "ship-mark" },
  drawing("circle", { cx: 262, cy: markY, r: 17 }),
  drawing("path", { d: `M228 ${markY} H296` }));

export const drawShip = () => {
  const labels = draughts.map((part) =>
    drawing("text", { x: 62, y: heightOf(part) + 4.5, "text-anchor": "end" }));
  const water = drawing("g", { class: "water" },
    drawing("path", {
      class: "water-body",
      d: "M0 0 Q15 -3 30 0 T60 0 T90 0 T120 0 T150 0 T180 0 T210 0 T240 0 T270 0 T300 0 T330 0 T360 0 T390 0 " +
        "T420 0 T450 0 T480 0 V320 H0 Z",
    }));
  const picture = drawing("svg", {
    class: "ship", viewBox: "0 0 480 276", role: "img",
    "aria-label": "A ship: the water stands for what is held, the mark on her side for the limit",
  },
    rigging(),
    drawing("path", { class: "ship-hull", d: hullPath }),
    drawing("path", { class: "ship-planks", d: planks.join(" ") }),
    water,
    drawing("path", { class: "ship-outline", d: hullPath }),
    mark(),
    drawing("g", { class: "draughts" },
      drawing("path", { d: draughts.map((part) => `M68 ${heightOf(part)} h10`).join(" ") + ` M78 ${markY} V${keelY}` }),
      ...labels));
  const show = (live: number, limit: number): void => {
    // Above the mark it would go on, as far as there is a picture.
    const surface = Math.max(heightOf(live / limit), 4);
    water.style.transform = `translateY(${surface.toFixed(1)}px)`;
    draughts.forEach((part, index) => write(labels[index]!, part === 0 ? "0" : asBytes(part * limit)));
  };
  return { picture, show };
};
