// The tool's own look, with what our documents need beside it.

import { h } from "vue";
import Theme from "vitepress/theme";

import "./site.css";

// The tool's own has no landmark, so that screen readers find no beginning.
const notFound = () => h("main", { class: "not-found" }, [
  h("h1", "There is no such page"),
  h("p", ["The index on the first page leads on: ", h("a", { href: import.meta.env.BASE_URL }, "Plimsoll"), "."]),
]);

export default { ...Theme, Layout: () => h(Theme.Layout, null, { "not-found": notFound }) };
