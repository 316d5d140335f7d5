// The molecules of a path: the row of formulas, and a table with what each of them is worth.

import { embeddedFile, type Molecules, type MoleculePair } from "../data";
import { h, section } from "../dom";
import { fixed } from "../format";
import { verdictList } from "./verdict";

const columns: [keyof MoleculePair["steps"][number], string, number][] = [
  ["value", "property", 2],
  ["predicted", "model's opinion", 2],
  ["log_p", "log P", 2],
  ["qed", "QED", 2],
  ["sa", "SA", 1],
  ["weight", "g/mol", 0],
  ["tpsa", "TPSA", 0],
  ["similarity_to_start", "like start", 2],
  ["similarity_to_end", "like end", 2],
  ["similarity_to_previous", "like previous", 2],
];

function table(run: Molecules, pair: MoleculePair): HTMLElement {
  const title = (name: string) => (name === "property" ? run.property : name);
  // The property that is sought stands first, and not a second time.
  const shown = columns.filter(([, name]) => name !== run.property);
  return h(
    "div",
    { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Table of molecules" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "molecule"), ...shown.map(([, name]) => h("th", { scope: "col" }, title(name))))),
      h(
        "tbody",
        {},
        ...pair.steps.map((step) =>
          h(
            "tr",
            { class: step.given ? "given" : "" },
            h("th", { scope: "row" }, `${step.smiles}${step.given ? " (given)" : step.partial ? " (partial)" : ""}`),
            // A molecule that was given has no latent whose property could be guessed.
            ...shown.map(([key, , digits]) => h("td", {}, fixed(step[key], digits))),
          ),
        ),
      ),
    ),
  );
}

function drawing(pair: MoleculePair): HTMLElement | null {
  const file = embeddedFile(pair.drawing);
  if (!file) return null;
  const image = h("img", { alt: `Formulas from ${pair.from} to ${pair.to}`, src: `data:image/svg+xml;base64,${file}` });
  return h("div", { class: "table-scroll molecule-row", tabindex: 0, role: "region", "aria-label": "Row of formulas" }, image);
}

/** One pair at a time; a list of several has a choice above it. */
export function moleculesPanel(run: Molecules): HTMLElement {
  const body = h("div");
  const panel = section("molecules", "The molecules on the way", "Each is drawn over the one before; atoms that the one before does not have are marked. Properties are those of the molecules themselves.", body);
  const show = (index: number) => {
    const pair = run.pairs[index];
    if (!pair) return;
    const parts = [run.pairs.length > 1 ? verdictList({ level: pair.verdict, headline: "", points: run.summary.pairs[index]?.path?.verdict_reasons ?? [] }) : null, drawing(pair), table(run, pair)];
    body.replaceChildren(...parts.filter((part) => part !== null));
  };
  if (run.pairs.length > 1) {
    const select = h(
      "select",
      { "aria-label": "Pair", change: () => show(Number(select.value)) },
      ...run.pairs.map((pair, i) => h("option", { value: i }, `${i + 1}: ${pair.from} → ${pair.to} (${pair.verdict})`)),
    );
    panel.element.insertBefore(select, body);
  }
  show(0);
  return panel.element;
}
