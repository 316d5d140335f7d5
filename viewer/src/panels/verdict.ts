// The verdict in words, and the figures it rests on.

import { isNumber, type Common, type Figures, type Interpolation, type Level, type Verdict } from "../data";
import { append, h } from "../dom";
import { brief, fixed, number, plural } from "../format";
import type { Store } from "../store";

const marks: Record<Level, [string, string]> = { good: ["✓", "good"], fair: ["○", "so-so"], bad: ["!", "wanting"] };
const topics: Record<string, string> = {
  gain: "Gain",
  certificate: "Certificate",
  resolution: "Resolution",
  start: "First path",
  ending: "Ending",
  advice: "Advice",
};

export function verdictList(verdict: Verdict | undefined): HTMLElement {
  const list = h("dl", { class: "verdict" });
  for (const point of verdict?.points ?? []) {
    const [mark, meaning] = marks[point.level] ?? marks.fair;
    append(
      list,
      h(
        "div",
        { class: `point ${point.level in marks ? point.level : "fair"} ${topics[point.topic] ? point.topic : ""}` },
        h("dt", {}, h("span", { class: "mark", role: "img", "aria-label": meaning }, mark), topics[point.topic] ?? point.topic),
        h("dd", {}, point.text),
      ),
    );
  }
  return list;
}

function tile(value: string, label: string, note = ""): HTMLElement {
  return h("div", { class: "tile" }, h("strong", {}, value), h("span", {}, label), note ? h("small", {}, note) : null);
}

function ratioTile(ours: unknown, theirs: unknown, note: string): HTMLElement | null {
  if (!isNumber(ours) || !isNumber(theirs) || ours <= 0) return isNumber(ours) ? tile(number(ours), "cost", note) : tile("NaN", "cost");
  const ratio = theirs / ours;
  return ratio >= 1.95
    ? tile(`${number(ratio, 2)}×`, "less cost than the straight line", note)
    : tile(`${number(100 * (1 - 1 / Math.max(ratio, 1e-9)), 2)} %`, "less cost than the straight line", note);
}

function pairTiles(run: Interpolation, figures: Record<string, Figures>): HTMLElement[] {
  const path = figures.path ?? {};
  const linear = figures.linear ?? {};
  const tiles: (HTMLElement | null)[] = [ratioTile(path.cost_refined, linear.cost_refined, `${brief(path.cost_refined)} against ${brief(linear.cost_refined)}`)];
  if (path.mean_class_probability !== undefined)
    tiles.push(tile(fixed(path.mean_class_probability), `mean ${run.feature ?? "probability"}`, `straight line ${fixed(linear.mean_class_probability)}`));
  else if (path.mean_quality !== undefined) tiles.push(tile(fixed(path.mean_quality), "mean quality", `straight line ${fixed(linear.mean_quality)}`));
  if (isNumber(path.length)) tiles.push(tile(number(path.length), "weighted length", isNumber(path.lower_bound) ? `no path is below ${number(path.lower_bound)}` : ""));
  if (isNumber(path.decoder_evaluations)) tiles.push(tile(path.decoder_evaluations.toLocaleString("en-US"), "points decoded to find it", isNumber(path.iterations) ? plural(path.iterations, "iteration") : ""));
  return tiles.filter((each): each is HTMLElement => each !== null);
}

function median(values: unknown[]): number | null {
  const finite = values.filter(isNumber).sort((a, b) => a - b);
  return finite.length > 0 ? finite[Math.floor(finite.length / 2)]! : null;
}

function batchTiles(run: Interpolation): HTMLElement[] {
  const pairs = run.summary.pairs;
  const column = (curve: "path" | "linear", name: string) => pairs.map((pair) => pair[curve]?.[name]);
  const ratios = pairs.map((pair) => (isNumber(pair.path?.cost_refined) && isNumber(pair.linear?.cost_refined) ? pair.linear.cost_refined / pair.path.cost_refined : null));
  const tiles: (HTMLElement | null)[] = [ratioTile(1, median(ratios), `median of ${pairs.length} pairs`)];
  if (run.feature) tiles.push(tile(fixed(median(column("path", "mean_class_probability"))), `median of mean ${run.feature}`, `straight lines ${fixed(median(column("linear", "mean_class_probability")))}`));
  tiles.push(tile(String(pairs.filter((pair) => pair.path?.termination === "converged").length), "searches converged", `of ${pairs.length}`));
  tiles.push(tile(String(pairs.filter((pair) => pair.path?.under_resolved === true).length), "under-resolved paths", `of ${pairs.length}`));
  return tiles.filter((each): each is HTMLElement => each !== null);
}

/** Headline, tiles and verdict of the whole run. */
export function overviewPanel(run: Common): HTMLElement {
  const names: Record<string, string> = { interpolate: "Interpolation", geodesic: "Geodesic", measures: "Measures", evaluate: "Evaluation" };
  const kind = names[run.kind] ?? run.kind;
  const headline = run.verdict?.headline ?? `A run of latentpath ${run.kind}`;
  document.title = `${headline} · LatentPath`;
  const interpolation = run.kind === "interpolate" ? (run as Interpolation) : null;
  const pairs = interpolation?.summary?.pairs ?? [];
  return h(
    "header",
    { class: "overview", id: "overview" },
    h("p", { class: "brand" }, h("b", {}, "LatentPath"), h("span", {}, pairs.length > 1 ? `${kind} of ${pairs.length} pairs` : kind)),
    h("h1", {}, headline),
    interpolation && pairs.length > 0
      ? h("div", { class: "tiles" }, ...(pairs.length > 1 ? batchTiles(interpolation) : pairTiles(interpolation, pairs[0]!)))
      : null,
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
      h("p", { class: "brand" }, h("span", {}, `Pair ${pair + 1} of ${run.summary.pairs.length}`)),
      h("h2", {}, verdict?.headline ?? ""),
      h("div", { class: "tiles" }, ...pairTiles(run, run.summary.pairs[pair] ?? {})),
      verdictList(verdict),
    );
  };
  store.on(["pair"], draw);
  draw();
  return element;
}
