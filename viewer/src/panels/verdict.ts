// The verdict in words, and the figures it rests on, as the library gives them.

import { type Common, type Interpolation, type Level, type Verdict } from "../data";
import { countOf, placeOf } from "../legs";
import { append, h } from "../dom";
import { capital } from "../format";
import type { Store } from "../store";

const marks: Record<Level, [string, string]> = { good: ["✓", "good"], fair: ["○", "so-so"], bad: ["!", "wanting"], note: ["·", "for the record"] };
const topics: Record<string, string> = { start: "First path", movement: "First path" };

const titleOf = (topic: string) => topics[topic] ?? capital(topic);

export function verdictList(verdict: Verdict | undefined): HTMLElement {
  const list = h("dl", { class: "verdict" });
  for (const point of verdict?.points ?? []) {
    const level = point.level in marks ? point.level : "note";
    const [mark, meaning] = marks[level];
    append(
      list,
      h(
        "div",
        { class: `point ${level} ${point.topic === "advice" ? "advice" : ""}` },
        h("dt", {}, h("span", { class: "mark", role: "img", "aria-label": meaning }, mark), titleOf(point.topic)),
        h("dd", {}, point.text),
      ),
    );
  }
  return list;
}

/** The level in a word, beside the headline: colour alone tells nobody. */
export function badgeOf(verdict: Verdict | undefined): HTMLElement | null {
  if (!verdict?.level || !(verdict.level in marks)) return null;
  return h("span", { class: `level ${verdict.level}` }, `${marks[verdict.level][0]} ${verdict.level}`);
}

export function tilesOf(verdict: Verdict | undefined): HTMLElement | null {
  if (!verdict?.tiles?.length) return null;
  return h("div", { class: "tiles" }, ...verdict.tiles.map(({ value, label, note }) => h("div", { class: "tile" }, h("strong", {}, value), h("span", {}, label), note ? h("small", {}, note) : null)));
}

/** Headline, tiles and verdict of the whole run. */
export function overviewPanel(run: Common): HTMLElement {
  const names: Record<string, string> = { interpolate: "Interpolation", geodesic: "Geodesic", measures: "Measures", evaluate: "Evaluation", molecules: "Molecules" };
  const kind = names[run.kind] ?? run.kind;
  const headline = run.verdict?.headline ?? `A run of latentpath ${run.kind}`;
  document.title = `${headline} · LatentPath`;
  const interpolation = run.kind === "interpolate" ? (run as Interpolation) : null;
  const title = interpolation?.summary?.pairs ? countOf(interpolation) : null;
  return h(
    "header",
    { class: "overview", id: "overview" },
    h("p", { class: "brand" }, h("b", {}, "LatentPath"), h("span", {}, title ?? kind), badgeOf(run.verdict)),
    h("h1", {}, headline),
    tilesOf(run.verdict),
    verdictList(run.verdict),
  );
}

/** The verdict on the pair that is looked at, in a batch. */
export function pairVerdictPanel(run: Interpolation, store: Store): HTMLElement {
  const element = h("section", { class: "panel pair-verdict", id: "pair-verdict", "aria-live": "polite" });
  const draw = () => {
    const { pair } = store.view;
    const verdict = run.pairs[pair]?.verdict;
    element.replaceChildren(
      h("p", { class: "brand" }, h("span", {}, capital(placeOf(run, pair))), ...[badgeOf(verdict)].filter((each) => each !== null)),
      h("h2", {}, verdict?.headline ?? ""),
      ...[tilesOf(verdict)].filter((each) => each !== null),
      verdictList(verdict),
    );
  };
  store.on(["pair"], draw);
  draw();
  return element;
}
