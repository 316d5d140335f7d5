// Linked plots along the path: what the classifier says, the quality, the prior's density, the step lengths.

import { isNumber, type Interpolation, type Sampled, type Value } from "../data";
import { curvesOf, hasQuality, isProfile, profileOf, type Curve } from "../curve";
import { curveStyles } from "../curve_style";
import { h, section } from "../dom";
import { lineChart, type Chart, type Line } from "../chart";
import { fixed, number, percent } from "../format";
import type { Store } from "../store";

interface Plotted {
  id: string;
  field: "feature" | "judge" | "kept" | "change" | "quality" | "image" | "prior" | "density" | "speed";
  y: string;
  unit: boolean; // values lie in [0, 1]
  subtitle: string;
  finding(curves: Curve[], pair: number): string;
}

const ours = (curves: Curve[]) => curves.find((curve) => curve.id === "path");
const straight = (curves: Curve[]) => curves.find((curve) => curve.id === "linear");

/** Share of the time for which the values are at least `least`. */
function shareAbove(curve: Curve, values: Value[], least: number): number {
  let above = 0;
  for (let i = 1; i < curve.times.length; ++i) {
    const a = values[i - 1];
    const b = values[i];
    if (isNumber(a) && isNumber(b) && (a + b) / 2 >= least) above += curve.times[i]! - curve.times[i - 1]!;
  }
  return above;
}

function lowest(values: Value[] | undefined): number | null {
  const finite = (values ?? []).filter(isNumber);
  return finite.length > 0 ? Math.min(...finite) : null;
}

/** The longest step over the mean step: 1 for a morph in equal steps. */
function unevenness(curve: Curve): number | null {
  const speeds = curve.sampled.speed.filter(isNumber);
  return speeds.length > 0 && curve.totalArc > 0 ? Math.max(...speeds) / curve.totalArc : null;
}

function plots(run: Interpolation): Plotted[] {
  const feature = run.feature ?? "the feature";
  const kept = (run.summary.kept ?? {}) as { features?: string; classes?: string };
  const means = (pair: number, figure: string) => (["path", "linear"] as const).map((id) => run.summary.pairs[pair]?.[id]?.[figure]);
  return [
    {
      id: "feature",
      field: "feature",
      y: feature,
      unit: true,
      subtitle: "The classifier's probability along each path.",
      finding: (curves) => {
        const a = ours(curves);
        const b = straight(curves);
        if (!a?.sampled.feature || !b?.sampled.feature) return `${feature} along the path`;
        return `${feature} is above ½ for ${percent(shareAbove(a, a.sampled.feature, 0.5))} of our path and ${percent(shareAbove(b, b.sampled.feature, 0.5))} of the straight line`;
      },
    },
    {
      id: "judge",
      field: "judge",
      y: `${feature} by the judge`,
      unit: true,
      subtitle: "What a second classifier says of the frames, which nothing optimised.",
      finding: (curves) => {
        const a = ours(curves);
        if (!a?.sampled.judge || !a.sampled.feature) return "The judge is silent about this path";
        return `The judge sees ${feature} above ½ for ${percent(shareAbove(a, a.sampled.judge, 0.5))} of our path, the optimised classifier for ${percent(shareAbove(a, a.sampled.feature, 0.5))}`;
      },
    },
    {
      id: "kept",
      field: "kept",
      y: "distance to the nearer end",
      unit: false,
      subtitle: `How far the features that were to be kept${kept.features ? ` (${kept.features})` : ""} are from those of the nearer end; 1 is what two samples of the prior are apart.`,
      finding: (_, pair) => {
        const [a, b] = means(pair, "mean_feature_distance");
        return !isNumber(a) ? "The kept features are no numbers along our path" : `The kept features are ${number(a, 2)} from the nearer end in the mean of our path${isNumber(b) ? `, ${number(b, 2)} on the straight line` : ""}`;
      },
    },
    {
      id: "change",
      field: "change",
      y: "change from the nearer end",
      unit: true,
      subtitle: `How far the probability of what was to be kept (${kept.classes ?? "a class"}) is from that at the nearer end.`,
      finding: (_, pair) => {
        const [a, b] = means(pair, "mean_class_change");
        return !isNumber(a) ? "What was to be kept is no number along our path" : `What was to be kept changes by ${fixed(a)} in the mean of our path${isNumber(b) ? `, by ${fixed(b)} on the straight line` : ""}`;
      },
    },
    {
      id: "quality",
      field: "quality",
      y: "quality Q at time t",
      unit: true,
      subtitle: "What the search was asked to keep high; with the ramp, nothing is asked at the ends.",
      // The lowest of the refined grid, as everywhere else: the samples of the plot may miss it.
      finding: (_, pair) => {
        const a = run.summary.pairs[pair]?.path?.min_quality;
        const b = run.summary.pairs[pair]?.linear?.min_quality;
        return !isNumber(a) ? "The quality is not a number along our path" : `Quality never falls below ${fixed(a)} on our path${isNumber(b) ? `, below ${fixed(b)} on the straight line` : ""}`;
      },
    },
    {
      id: "prior",
      field: "prior",
      y: "share of the prior in less likely places",
      unit: true,
      subtitle: "How common such latents are: the share of the prior's samples in places no likelier, for N(0, I) those farther from the origin. Near 0 is outside of the data.",
      finding: (curves) => {
        const a = lowest(ours(curves)?.sampled.prior);
        const b = lowest(straight(curves)?.sampled.prior);
        if (a === null) return "Density of the prior";
        return `Where it is least likely, our path has ${percent(a)} of the prior in places no likelier${b === null ? "" : `, the straight line ${percent(b)}`}`;
      },
    },
    {
      id: "image",
      field: "image",
      y: "share of samples as strange",
      unit: true,
      subtitle: "How far each image is from what the model makes of the prior's samples: the share of samples that are as far from their nearest, or farther. Near 0 is an image unlike any of them.",
      finding: (curves) => {
        const least = lowest(ours(curves)?.sampled.image);
        return least === null ? "Images and samples were not compared here" : `At its strangest image, ${percent(least)} of the prior's samples are as strange or stranger`;
      },
    },
    {
      id: "density",
      field: "density",
      y: "−log p(x)",
      unit: false,
      subtitle: "How unlikely the decoded image is as data, by the prior and by how far the decoder spreads latents. Higher is less likely; differences mean something, the value does not.",
      // The mean, and not the worst: paths share their ends, which are often the least likely images of all.
      finding: (_, pair) => {
        const mean = (id: "path" | "linear") => run.summary.pairs[pair]?.[id]?.mean_negative_log_density;
        const [a, b] = [mean("path"), mean("linear")];
        if (!isNumber(a)) return "−log p(x) is not a number along our path";
        const weight = run.summary.pairs[pair]?.path?.density_regularisation;
        return `−log p(x) is ${number(a, 3)} in the mean of our path${isNumber(b) ? `, ${number(b, 3)} of the straight line` : ""}${isNumber(weight) ? ` (regularised, μ = ${number(weight, 3)})` : ""}`;
      },
    },
    {
      id: "speed",
      field: "speed",
      y: "image distance per unit of time",
      unit: false,
      subtitle: "Step length in the space of images. An even line is an even morph; a peak is a leap.",
      finding: (curves) => {
        const a = ours(curves) && unevenness(ours(curves)!);
        const b = straight(curves) && unevenness(straight(curves)!);
        if (!isNumber(a)) return "Step lengths are not numbers along our path";
        const line = isNumber(b) ? `${number(b, 2)} times on the straight line` : "";
        if (number(a, 2) === "1") return `All steps are as long as the mean on our path${line && (number(b, 2) === "1" ? ", and on the straight line" : `; the fastest is ${line}`)}`;
        return `The fastest step is ${number(a, 2)} times the mean on our path${line && `, ${line}`}`;
      },
    },
  ];
}

export function curvesPanel(run: Interpolation, store: Store): HTMLElement[] {
  let curves = curvesOf(run, store.view.pair);
  const present = plots(run)
    .filter(({ field }) => run.pairs.some((pair, i) => (isProfile(field) ? profileOf(run, i, "path", field) : pair.path?.[field]) !== undefined))
    .filter(({ field }) => field !== "quality" || hasQuality(run));

  const lines = (plot: Plotted): Line[] =>
    curves.filter((curve) => curve.sampled[plot.field] !== undefined).map((curve) => {
      const values = curve.sampled[plot.field] as Sampled["quality"] | undefined;
      const at = (time: number) => curve.position(time, store.view.spacing);
      const points =
        plot.field === "speed"
          ? (values ?? []).map((y, i) => ({ x: at((curve.times[i]! + curve.times[i + 1]!) / 2), y }))
          : (values ?? []).map((y, i) => ({ x: at(curve.times[i]!), y }));
      return { id: curve.id, ...curveStyles[curve.id], points };
    });
  const axis = () => (store.view.spacing === "time" ? "time t along the path" : "share of the path's length in image space");

  const entries = present.map((plot) => {
    const chart: Chart = lineChart({
      label: `${plot.y} along the three paths`,
      x: axis(),
      y: plot.y,
      lines: lines(plot),
      xDomain: [0, 1],
      yDomain: plot.unit ? [0, 1] : undefined,
      anyOrigin: plot.field === "density",
      onHover: (hover) => store.update({ hover }),
      onPick: (position) => store.update({ position, playing: false }),
    });
    const panel = section(`plot-${plot.id}`, curves.length > 0 ? plot.finding(curves, store.view.pair) : "", plot.subtitle, chart.element);
    return { plot, chart, panel };
  });

  const cursor = () => {
    for (const { plot, chart } of entries) {
      const values: Record<string, number | null> = {};
      for (const curve of curves) {
        const along = curve.sampled[plot.field] as Value[] | undefined;
        if (along) values[curve.id] = curve.at(along, store.shown, store.view.spacing);
      }
      chart.cursor(store.shown, values);
    }
  };
  const redraw = () => {
    curves = curvesOf(run, store.view.pair);
    for (const { plot, chart, panel } of entries) {
      panel.setTitle(curves.length > 0 ? plot.finding(curves, store.view.pair) : plot.y);
      chart.set({ lines: lines(plot), x: axis() });
    }
    cursor();
  };
  store.on(["pair", "spacing"], redraw);
  store.on(["position", "hover"], cursor);
  cursor();
  return entries.length > 0 ? [h("div", { class: "grid" }, ...entries.map(({ panel }) => panel.element))] : [];
}
