// A table of figures, one row a curve or method.

import { isNumber, type Figures } from "../data";
import { h, section } from "../dom";
import { brief } from "../format";

export function figuresTable(rows: (Figures & { name: string })[]): HTMLElement {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => key !== "name");
  return h(
    "div",
    { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Table of figures" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, ""), ...columns.map((name) => h("th", { scope: "col" }, name.replaceAll("_", " "))))),
      h(
        "tbody",
        {},
        ...rows.map((row) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, row.name),
            ...columns.map((name) => {
              const value = row[name];
              return h("td", { class: typeof value === "string" ? "word" : "" }, typeof value === "boolean" ? (value ? "yes" : "no") : typeof value === "string" ? value : isNumber(value) ? brief(value, 5) : brief(value));
            }),
          ),
        ),
      ),
    ),
  );
}

export function figuresPanel(rows: (Figures & { name: string })[] | undefined, title: string): HTMLElement | null {
  if (!rows || rows.length === 0) return null;
  return section("figures", title, "Measured alike for all, on a refined grid.", figuresTable(rows)).element;
}
