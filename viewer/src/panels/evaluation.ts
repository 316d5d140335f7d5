// A table over many pairs: methods by features, as bars with error bars and as figures.

import * as Plot from "@observablehq/plot";
import { isNumber, type Evaluation } from "../data";
import { h, onWidth, section } from "../dom";
import { brief, number, plural } from "../format";

const palette = ["var(--linear)", "var(--spherical)", "var(--path)", "var(--exact)", "var(--other)", "var(--sixth)"];

export function evaluationPanels(run: Evaluation): HTMLElement[] {
  const methods = [...new Set(run.rows.map((row) => row.method))];
  const features = [...new Set(run.rows.map((row) => row.feature))];
  const colour = (method: string) =>
    /latentpath|ours/i.test(method) ? "var(--path)" : palette.filter((each) => each !== "var(--path)")[methods.filter((each) => !/latentpath|ours/i.test(each)).indexOf(method) % 5]!;
  const legend = () => h("div", { class: "heat-legend" }, ...methods.map((method) => h("span", { class: "curve-label" }, h("i", { class: "block", style: `background:${colour(method)}` }), named(run, method))));

  const bars = run.metrics.map((metric) => {
    const data = run.rows.flatMap((row) => {
      const value = row.values[metric.id];
      // A logarithmic axis has no place for what costs nothing.
      return value && isNumber(value.mean) && !(metric.log && value.mean <= 0) ? [{ feature: row.feature, method: row.method, mean: value.mean, low: value.mean - (value.error ?? 0), high: value.mean + (value.error ?? 0), known: isNumber(value.error) }] : [];
    });
    const holder = h("div", { class: "plot", style: "min-height:300px" });
    onWidth(holder, (width) => {
      if (data.length === 0) {
        holder.replaceChildren(h("p", { class: "empty" }, "No finite value."));
        return;
      }
      // Names that would run into each other are turned.
      const longest = Math.min(22, Math.max(...features.map((feature) => feature.length)));
      const crowded = longest * 6.6 > (width - 60) / features.length;
      const below = crowded ? 26 + 4 * longest : 44;
      const floor = metric.log ? Math.min(...data.map((d) => (d.low > 0 ? d.low : d.mean))) / 2 : 0;
      holder.replaceChildren(
        Plot.plot({
          width,
          height: 256 + below,
          marginLeft: 58,
          marginBottom: below,
          marginTop: 18,
          ariaLabel: `${metric.label} by feature and method`,
          style: { background: "none", fontFamily: "inherit", fontSize: "12px" },
          fx: { domain: features, label: crowded ? null : "feature", labelAnchor: "center", tickRotate: crowded ? -32 : 0, tickFormat: (feature: string) => (feature.length > 22 ? `${feature.slice(0, 21)}…` : feature) },
          x: { domain: methods, axis: null, padding: 0.15 },
          y: { label: metric.unit ? `${metric.label}, ${metric.unit}` : metric.label, labelArrow: "none", grid: true, type: metric.log ? "log" : "linear", ticks: 5, tickFormat: (value: number) => brief(value) },
          marks: [
            Plot.barY(data, { fx: "feature", x: "method", y1: () => floor, y2: "mean", fill: (d) => colour(d.method) }),
            Plot.ruleX(data.filter((d) => d.known), { fx: "feature", x: "method", y1: (d) => Math.max(d.low, metric.log ? floor : -Infinity), y2: "high", stroke: "var(--text)", strokeWidth: 1.4 }),
            Plot.tickY(data.filter((d) => d.known), { fx: "feature", x: "method", y: "high", stroke: "var(--text)", strokeWidth: 1.4, insetLeft: 3, insetRight: 3 }),
            metric.log ? null : Plot.ruleY([0], { stroke: "var(--faint)" }),
          ],
        }),
      );
    });
    return section(`metric-${metric.id}`, finding(run, metric), "Bars: means over the pairs. Lines: one standard error to each side.", legend(), holder).element;
  });

  const table = h(
    "div",
    { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Table of means" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "feature"), h("th", { scope: "col", class: "word" }, "method"), ...run.metrics.map((metric) => h("th", { scope: "col" }, metric.unit ? `${metric.label} (${metric.unit})` : metric.label)))),
      h(
        "tbody",
        {},
        ...run.rows.map((row) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, row.feature),
            h("td", { class: "word" }, fewer(run, row) ? `${row.method} (${plural(row.pairs!, "pair")})` : row.method),
            ...run.metrics.map((metric) => {
              const value = row.values[metric.id];
              const best = metric.better && isNumber(value?.mean) && bestOf(run, metric, row.feature).includes(row.method);
              const text = value ? `${brief(value.mean)}${isNumber(value.error) ? ` ± ${brief(value.error, 2)}` : ""}` : "–";
              return h("td", { class: best ? "best" : "" }, text);
            }),
          ),
        ),
      ),
    ),
  );
  const subset = run.rows.some((row) => fewer(run, row));
  const explained = `Mean ± one standard error; the best of each feature is bold${subset ? ", among methods that all pairs were given to" : ""}.`;
  return [section("means", "All figures", explained, table).element, h("div", { class: "grid" }, ...bars), ...profilePanels(run, features, methods, colour, legend)];
}

const profileNames: { id: string; title: string; label: string; steps: boolean }[] = [
  { id: "step", title: "How far the image moves from frame to frame", label: "squared image distance of neighbouring frames", steps: true },
  { id: "quality", title: "The quality along the paths", label: "quality Q at time t", steps: false },
  { id: "probability", title: "The class probability along the paths", label: "class probability", steps: false },
];

/** What happens along the paths: means over the pairs at each frame, a facet for each feature. */
function profilePanels(run: Evaluation, features: string[], methods: string[], colour: (method: string) => string, legend: () => HTMLElement): HTMLElement[] {
  return profileNames.flatMap(({ id, title, label, steps }) => {
    const data = run.rows.flatMap((row) => {
      const profile = row.profiles?.[id];
      return (profile?.mean ?? []).flatMap((mean, i, all) => {
        // A step belongs to the middle of its interval.
        const t = steps ? (i + 0.5) / all.length : i / (all.length - 1);
        const error = profile?.error?.[i] ?? 0;
        return isNumber(mean) ? [{ feature: row.feature, method: row.method, t, mean, low: mean - error, high: mean + error }] : [];
      });
    });
    if (data.length === 0) return [];
    const holder = h("div", { class: "plot" });
    onWidth(holder, (width) => {
      const columns = Math.max(1, Math.min(features.length, Math.floor(width / 240)));
      const rows = Math.ceil(features.length / columns);
      const place = (feature: string) => ({ fx: features.indexOf(feature) % columns, fy: Math.floor(features.indexOf(feature) / columns) });
      const placed = data.map((d) => ({ ...d, ...place(d.feature) }));
      holder.replaceChildren(
        Plot.plot({
          width,
          height: 60 + 170 * rows,
          marginLeft: 52,
          marginTop: 30,
          marginBottom: 40,
          ariaLabel: `${label} along the paths, by feature and method`,
          style: { background: "none", fontFamily: "inherit", fontSize: "12px" },
          fx: { axis: null, domain: [...Array(columns).keys()], padding: 0.12 },
          fy: { axis: null, domain: [...Array(rows).keys()], padding: 0.28 },
          x: { domain: [0, 1], label: "time t along the path", labelAnchor: "center", labelArrow: "none", ticks: [0, 0.5, 1], tickFormat: String },
          y: { label: null, grid: true, ticks: 4, zero: true, tickFormat: (value: number) => brief(value) },
          marks: [
            ...methods.flatMap((method) => {
              const mine = placed.filter((d) => d.method === method);
              return [
                Plot.areaY(mine, { fx: "fx", fy: "fy", x: "t", y1: "low", y2: "high", fill: colour(method), fillOpacity: 0.18 }),
                Plot.lineY(mine, { fx: "fx", fy: "fy", x: "t", y: "mean", stroke: colour(method), strokeWidth: 1.8, strokeDasharray: /latentpath|ours|linear/i.test(method) ? undefined : "6 3" }),
              ];
            }),
            Plot.text(features.map((feature) => ({ feature, ...place(feature) })), { fx: "fx", fy: "fy", text: "feature", frameAnchor: "top-left", dy: -14, fontWeight: 600, fill: "var(--text)" }),
          ],
        }),
      );
    });
    return [section(`along-${id}`, title, `Lines: means of the ${label} over the pairs at equal times. Shaded: one standard error to each side.`, legend(), holder).element];
  });
}

/** Whether the row's method was given fewer pairs than others: a mean over other pairs is no rival. */
function fewer(run: Evaluation, row: Evaluation["rows"][number]): boolean {
  return row.pairs !== undefined && run.rows.some((other) => other.feature === row.feature && (other.pairs ?? 0) > row.pairs!);
}

/** The method, with how many pairs it was given where others have more. */
function named(run: Evaluation, method: string): string {
  const part = run.rows.find((row) => row.method === method && fewer(run, row));
  return part ? `${method} (${part.pairs} of ${Math.max(...run.rows.map((row) => row.pairs ?? 0))} pairs)` : method;
}

/** The methods with the best mean: several where they are equal. */
function bestOf(run: Evaluation, metric: Evaluation["metrics"][number], feature: string): string[] {
  const rows = run.rows.filter((row) => row.feature === feature && !fewer(run, row) && isNumber(row.values[metric.id]?.mean));
  const means = rows.map((row) => row.values[metric.id]!.mean!);
  const best = metric.better === "higher" ? Math.max(...means) : Math.min(...means);
  return rows.filter((row) => row.values[metric.id]!.mean === best).map((row) => row.method);
}

function finding(run: Evaluation, metric: Evaluation["metrics"][number]): string {
  const features = [...new Set(run.rows.map((row) => row.feature))];
  if (!metric.better) return metric.label;
  const wins = new Map<string, number>();
  for (const feature of features) for (const method of bestOf(run, metric, feature)) wins.set(method, (wins.get(method) ?? 0) + 1);
  const [[winner, count] = ["", 0], second] = [...wins].sort((a, b) => b[1] - a[1]);
  if (2 * count <= features.length || second?.[1] === count) return metric.label;
  const means = run.rows.filter((row) => row.method === winner).map((row) => row.values[metric.id]?.mean).filter(isNumber);
  const average = means.reduce((sum, value) => sum + value, 0) / Math.max(1, means.length);
  const where = features.length === 1 ? `: ${number(average)}` : ` on ${count} of ${features.length} rows (mean ${number(average)})`;
  return `${winner} has the best ${metric.label}${where}`;
}
