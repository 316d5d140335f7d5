// A table over many pairs: methods by features, as bars with error bars and as figures.

import * as Plot from "@observablehq/plot";
import { isNumber, type Evaluation } from "../data";
import { h, onWidth, section } from "../dom";
import { brief, number } from "../format";

const palette = ["var(--linear)", "var(--spherical)", "var(--path)", "var(--exact)", "var(--other)", "var(--sixth)"];

export function evaluationPanels(run: Evaluation): HTMLElement[] {
  const methods = [...new Set(run.rows.map((row) => row.method))];
  const features = [...new Set(run.rows.map((row) => row.feature))];
  const colour = (method: string) =>
    /latentpath|ours/i.test(method) ? "var(--path)" : palette.filter((each) => each !== "var(--path)")[methods.filter((each) => !/latentpath|ours/i.test(each)).indexOf(method) % 5]!;
  const legend = () => h("div", { class: "heat-legend" }, ...methods.map((method) => h("span", { class: "curve-label" }, h("i", { class: "block", style: `background:${colour(method)}` }), method)));

  const bars = run.metrics.map((metric) => {
    const data = run.rows.flatMap((row) => {
      const value = row.values[metric.id];
      return value && isNumber(value.mean) ? [{ feature: row.feature, method: row.method, mean: value.mean, low: value.mean - (value.deviation ?? 0), high: value.mean + (value.deviation ?? 0), known: isNumber(value.deviation) }] : [];
    });
    const holder = h("div", { class: "plot", style: "height:300px" });
    onWidth(holder, (width) => {
      if (data.length === 0) {
        holder.replaceChildren(h("p", { class: "empty" }, "No finite value."));
        return;
      }
      const floor = metric.log ? Math.min(...data.map((d) => (d.low > 0 ? d.low : d.mean))) / 2 : 0;
      holder.replaceChildren(
        Plot.plot({
          width,
          height: 300,
          marginLeft: 58,
          marginBottom: 44,
          marginTop: 18,
          ariaLabel: `${metric.label} by feature and method`,
          style: { background: "none", fontFamily: "inherit", fontSize: "12px" },
          fx: { domain: features, label: "feature", labelAnchor: "center" },
          x: { domain: methods, axis: null, padding: 0.15 },
          y: { label: metric.unit ? `${metric.label}, ${metric.unit}` : metric.label, labelArrow: "none", grid: true, type: metric.log ? "log" : "linear", ticks: 5, tickFormat: "~g" },
          marks: [
            Plot.barY(data, { fx: "feature", x: "method", y1: () => floor, y2: "mean", fill: (d) => colour(d.method) }),
            Plot.ruleX(data.filter((d) => d.known), { fx: "feature", x: "method", y1: (d) => Math.max(d.low, metric.log ? floor : -Infinity), y2: "high", stroke: "var(--text)", strokeWidth: 1.4 }),
            Plot.tickY(data.filter((d) => d.known), { fx: "feature", x: "method", y: "high", stroke: "var(--text)", strokeWidth: 1.4, insetLeft: 3, insetRight: 3 }),
            metric.log ? null : Plot.ruleY([0], { stroke: "var(--faint)" }),
          ],
        }),
      );
    });
    return section(`metric-${metric.id}`, finding(run, metric), "Bars: means over all pairs. Lines: one standard deviation to each side.", legend(), holder).element;
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
            h("td", { class: "word" }, row.method),
            ...run.metrics.map((metric) => {
              const value = row.values[metric.id];
              const best = metric.better && isNumber(value?.mean) && row.method === bestOf(run, metric, row.feature);
              const text = value ? `${brief(value.mean)}${isNumber(value.deviation) ? ` ± ${brief(value.deviation, 2)}` : ""}` : "–";
              return h("td", { class: best ? "best" : "" }, text);
            }),
          ),
        ),
      ),
    ),
  );
  return [h("div", { class: "grid" }, ...bars), section("means", "All figures", "Mean ± one standard deviation; the best of each feature is bold.", table).element];
}

function bestOf(run: Evaluation, metric: Evaluation["metrics"][number], feature: string): string | undefined {
  const rows = run.rows.filter((row) => row.feature === feature && isNumber(row.values[metric.id]?.mean));
  const sign = metric.better === "higher" ? -1 : 1;
  return rows.sort((a, b) => sign * (a.values[metric.id]!.mean! - b.values[metric.id]!.mean!))[0]?.method;
}

function finding(run: Evaluation, metric: Evaluation["metrics"][number]): string {
  const features = [...new Set(run.rows.map((row) => row.feature))];
  if (!metric.better) return metric.label;
  const wins = new Map<string, number>();
  for (const feature of features) {
    const method = bestOf(run, metric, feature);
    if (method) wins.set(method, (wins.get(method) ?? 0) + 1);
  }
  const [winner, count] = [...wins].sort((a, b) => b[1] - a[1])[0] ?? [];
  if (!winner || !count) return metric.label;
  const means = run.rows.filter((row) => row.method === winner).map((row) => row.values[metric.id]?.mean).filter(isNumber);
  const average = means.reduce((sum, value) => sum + value, 0) / Math.max(1, means.length);
  return `${winner} has the best ${metric.label} on ${count} of ${features.length} features (mean ${number(average)})`;
}
