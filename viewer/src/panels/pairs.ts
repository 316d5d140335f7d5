// The table of pairs: sorted by any figure, with thumbnails that are decoded when they come into sight.

import { isNumber, type Interpolation, type PairFigures } from "../data";
import { curvesOf } from "../curve";
import { h, section } from "../dom";
import { brief, capital, fixed } from "../format";
import { kindOf, nameOf } from "../legs";
import type { Sheets } from "../sheets";
import type { Store } from "../store";

interface Column {
  id: string;
  title: string;
  value(figures: PairFigures): unknown;
  text?(value: unknown, pair: number): string;
}

const unit = (value: unknown) => (isNumber(value) ? fixed(value) : brief(value));

function columns(run: Interpolation): Column[] {
  const weighted = run.summary.pairs.some((pair) => pair.path?.weighted !== false);
  const list: Column[] = [
    { id: "cost", title: "cost", value: (p) => p.path?.cost_refined },
    {
      id: "ratio",
      title: "against line",
      value: (p) => (isNumber(p.path?.cost_refined) && isNumber(p.linear?.cost_refined) && p.path.cost_refined > 0 ? p.linear.cost_refined / p.path.cost_refined : null),
      text: (_, pair) => run.pairs[pair]?.verdict?.against_line ?? "–",
    },
    { id: "verdict", title: "verdict", value: (p) => p.path?.verdict },
  ];
  if (run.feature) list.push({ id: "feature", title: `mean ${run.feature}`, value: (p) => p.path?.mean_class_probability, text: unit });
  list.push(
    { id: "kept", title: "feature distance", value: (p) => p.path?.mean_feature_distance, text: unit },
    { id: "change", title: "class change", value: (p) => p.path?.mean_class_change, text: unit },
    { id: "quality", title: "lowest quality", value: (p) => p.path?.min_quality, text: unit },
    { id: "length", title: weighted ? "weighted length" : "length", value: (p) => p.path?.length },
    { id: "start", title: "first path", value: (p) => p.path?.start },
    { id: "ending", title: "ending", value: (p) => p.path?.termination },
    { id: "resolved", title: "resolved", value: (p) => (p.path?.under_resolved === undefined ? undefined : !p.path.under_resolved), text: (value) => (value === undefined ? "–" : value ? "yes" : "no") },
  );
  // That all are resolved says nothing of one.
  const told = (column: Column, value: unknown) => value !== undefined && !(column.id === "resolved" && value === true);
  return list.filter((column) => run.summary.pairs.some((pair) => told(column, column.value(pair))));
}

function compare(a: unknown, b: unknown): number {
  const missing = (value: unknown) => value === undefined || value === null;
  if (missing(a) || missing(b)) return missing(a) === missing(b) ? 0 : missing(a) ? 1 : -1; // always last
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return Number(a) - Number(b);
}

export function pairsPanel(run: Interpolation, store: Store, sheets: Sheets): HTMLElement | null {
  const pairs = run.summary.pairs;
  if (pairs.length < 2) return null;
  const shown = columns(run);
  const size = sheets.size;
  const body = h("tbody");
  let sort: { column: Column | null; down: boolean } = { column: null, down: false };

  const scroller = h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Table of pairs" });
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries)
        if (entry.isIntersecting) {
          watcher.unobserve(entry.target);
          void thumbnails(entry.target as HTMLCanvasElement);
        }
    },
    { root: scroller, rootMargin: "100px" },
  );

  async function thumbnails(canvas: HTMLCanvasElement): Promise<void> {
    const pair = Number(canvas.dataset.pair);
    const picture = await sheets.load(pair);
    const curve = curvesOf(run, pair).find((each) => each.id === "path");
    const context = canvas.getContext("2d");
    if (!picture || !curve || !context) return;
    [0, 0.25, 0.5, 0.75, 1].forEach((position, i) => {
      const side = canvas.height;
      sheets.draw(context, picture, pair, curve, curve.frame(position, "time"), [i * (side + 4), 0, side, side]);
    });
  }

  const rows = pairs.map((figures, i) => {
    const canvas = size && run.pairs[i]?.pictures ? h("canvas", { width: 5 * 60 - 4, height: 56, class: "thumbs", "data-pair": i, "aria-hidden": "true" }) : null;
    if (canvas) watcher.observe(canvas);
    const row = h(
      "tr",
      { click: () => store.update({ pair: i, position: 0.5, hover: null, playing: false }) },
      h("th", { scope: "row" }, h("button", { type: "button", "aria-label": `Show ${nameOf(run, i)}` }, String(i + 1))),
      size ? h("td", {}, canvas) : null,
      ...shown.map((column) => {
        const value = column.value(figures);
        const text = column.text ? column.text(value, i) : typeof value === "string" ? value : brief(value);
        const bad = column.id === "verdict" && value === "bad";
        return h("td", { class: `${typeof value === "string" ? "word" : ""} ${bad ? "bad" : ""}` }, text);
      }),
    );
    return { row, figures, index: i };
  });

  function fill(): void {
    const order = rows.slice();
    const { column, down } = sort;
    if (column)
      order.sort((a, b) => {
        const [x, y] = [column.value(a.figures), column.value(b.figures)];
        const result = compare(x, y);
        const missing = x === undefined || x === null || y === undefined || y === null;
        return (down && !missing ? -result : result) || a.index - b.index;
      });
    body.replaceChildren(...order.map(({ row }) => row));
  }

  const headers = shown.map((column) => {
    const button = h(
      "button",
      {
        type: "button",
        click: () => {
          sort = { column, down: sort.column === column ? !sort.down : false };
          headers.forEach(({ cell, column: each }) => {
            if (each === column) cell.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
            else cell.removeAttribute("aria-sort");
          });
          fill();
        },
      },
      column.title,
    );
    const word = pairs.some((pair) => typeof column.value(pair) === "string");
    return { column, cell: h("th", { scope: "col", class: word ? "word" : "" }, button) };
  });
  scroller.appendChild(
    h("table", { class: "pairs" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, kindOf(run)), size ? h("th", { scope: "col", class: "word" }, "on its way") : null, ...headers.map(({ cell }) => cell))), body),
  );
  fill();

  const select = () => {
    for (const { row, index } of rows) {
      const chosen = index === store.view.pair;
      row.classList.toggle("selected", chosen);
      if (chosen) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  };
  store.on(["pair"], () => {
    select();
    // Only the table scrolls, and only as far as needed: the page stays where the reader is.
    const row = rows[store.view.pair]!.row;
    const top = row.offsetTop - 44;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (row.offsetTop + row.offsetHeight > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = row.offsetTop + row.offsetHeight - scroller.clientHeight;
  });
  select();

  const worst = run.verdict?.attention;
  const better = run.pairs.filter((pair) => pair.verdict?.gained).length;
  return section(
    "pairs",
    better === pairs.length ? `All ${pairs.length} ${kindOf(run) === "leg" ? "legs" : "paths"} beat their straight line` : `${better} of ${pairs.length} ${kindOf(run) === "leg" ? "legs" : "paths"} beat their straight line`,
    `Choose a ${kindOf(run)} to see it; sort by any column.${isNumber(worst) ? ` ${capital(nameOf(run, worst))} is the one to look at first.` : ""}`,
    scroller,
  ).element;
}
