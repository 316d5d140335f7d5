// Paths that somebody kept: compared with each other and the straight line, asked again, exported.

import { isNumber, type Figures } from "../data";
import { h, section } from "../dom";
import { brief } from "../format";
import type { Answer, Question } from "./api";
import { showStrip, type Film } from "./film";

export interface Kept {
  id: number;
  name: string;
  wish: string; // what it was to pass through
  question: Question;
  answer: Answer;
  film: Film;
  from: number[];
  to: number[];
}

export const mostKept = 12;

const columns: [string, string][] = [
  ["cost_refined", "cost"],
  ["length", "weighted length"],
  ["embedding_length", "length"],
  ["mean_class_probability", "mean feature"],
  ["min_quality", "lowest quality"],
];

/** Where no quality was asked for both lengths are the distance, which is told once. */
function figuresOf(answer: Answer | null, id: "path" | "linear"): Figures | undefined {
  const pair = answer?.report.summary.pairs[0];
  const figures = pair?.[id];
  return figures && pair.path.weighted === false ? { ...figures, length: undefined } : figures;
}

export interface KeptPanel {
  element: HTMLElement;
  set(kept: Kept[], now: Answer | null, films: { line: Film | null; path: Film | null }, compared: number | null): void;
  told(sentence: string, command?: string): void;
}

export function keptPanel(out: string, act: { compare(id: number | null): void; again(id: number): void; drop(id: number): void; write(id: number | null, name: string): void }): KeptPanel {
  const table = h("div", { class: "table-scroll" });
  const name = h("input", { type: "text", id: "export-name", value: "explored", maxlength: 80, spellcheck: "false", "aria-label": "Name of the run folder" });
  const button = h("button", { class: "plain strong", type: "button", id: "export", click: () => act.write(null, name.value) }, "Export");
  const said = h("p", { class: "status", role: "status" });
  const command = h("pre", { class: "command", id: "command" });
  const panel = section(
    "kept",
    "Compare and export",
    "",
    table,
    h("div", { class: "export" }, h("label", {}, h("span", {}, `Run folder ${out}/`), name), button),
    said,
    h("p", { class: "subtitle command-title" }, "The same by command, to the byte:"),
    command,
  );

  function cells(figures: Figures | undefined): HTMLElement[] {
    return columns.map(([field]) => h("td", {}, isNumber(figures?.[field]) ? brief(figures![field]) : "–"));
  }

  function row(title: HTMLElement, film: Film | null, figures: Figures | undefined, colour: string, ...buttons: HTMLElement[]): HTMLElement {
    const thumbs = h("canvas", { class: "kept-strip", width: 1, height: 1 });
    showStrip(thumbs, film, 210, colour, 26);
    return h("tr", {}, h("th", { scope: "row" }, title), h("td", { class: "word" }, film && thumbs, buttons.length > 0 && h("div", { class: "row-buttons" }, ...buttons)), ...cells(figures));
  }

  return {
    element: panel.element,
    set(kept, now, films, compared) {
      const plain = (text: string, id: number, click: () => void, pressed?: boolean) => h("button", { class: "plain", type: "button", "data-kept": id, "data-deed": text.toLowerCase(), click, ...(pressed === undefined ? {} : { "aria-pressed": String(pressed) }) }, text);
      panel.setSubtitle(kept.length > 0 ? "" : "Keep a path to compare it with others and with the straight line.");
      table.replaceChildren(
        h(
          "table",
          {},
          h("thead", {}, h("tr", {}, h("th", {}, "path"), h("th", { class: "word" }, ""), ...columns.map(([, label]) => h("th", {}, label)))),
          h(
            "tbody",
            {},
            ...(now ? [row(h("span", {}, "straight line"), films.line, figuresOf(now, "linear"), "--linear"), row(h("b", {}, "LatentPath, now"), films.path, figuresOf(now, "path"), "--path")] : []),
            ...kept.map((each) =>
              row(
                h("span", { class: "kept-name" }, each.name, h("small", {}, each.wish)),
                each.film,
                figuresOf(each.answer, "path"),
                "--other",
                plain("Compare", each.id, () => act.compare(compared === each.id ? null : each.id), compared === each.id),
                plain("Ask again", each.id, () => act.again(each.id)),
                plain("Export", each.id, () => act.write(each.id, name.value)),
                plain("Drop", each.id, () => act.drop(each.id)),
              ),
            ),
          ),
        ),
      );
      if (now) command.textContent = now.command;
      button.disabled = !now;
    },
    told(sentence, line) {
      said.textContent = sentence;
      if (line) command.textContent = line;
    },
  };
}
