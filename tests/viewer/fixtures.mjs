// Runs of the kinds whose data other subcommands write, small and known: what docs/report.md describes.

const line = (count, at) => Array.from({ length: count }, (_, i) => at(i / (count - 1)));

/** A great circle on the unit sphere, with the stages that lead to it. */
export function sphere() {
  const [rows, columns] = [25, 49];
  const points = [];
  for (let r = 0; r < rows; ++r)
    for (let c = 0; c < columns; ++c) {
      const [theta, phi] = [(Math.PI * r) / (rows - 1), (2 * Math.PI * c) / (columns - 1)];
      points.push([Math.sin(theta) * Math.cos(phi), Math.sin(theta) * Math.sin(phi), Math.cos(theta)]);
    }
  const on = (t, bump) => {
    const [phi, theta] = [2 * t - 0.2, Math.PI / 2 - bump * Math.sin(Math.PI * t)];
    return [Math.sin(theta) * Math.cos(phi), Math.sin(theta) * Math.sin(phi), Math.cos(theta)];
  };
  return {
    kind: "geodesic",
    version: "0.1.0",
    verdict: {
      headline: "The path is 2.0003 long, within 0.02 % of the exact geodesic",
      points: [{ topic: "certificate", level: "good", text: "Certified: the great circle is 2.0000 long." }],
    },
    axes: ["x", "y", "z"],
    surface: { rows, columns, points, values: points.map((p) => p[2]), value_label: "height" },
    curves: [
      { name: "LatentPath", role: "path", points: line(65, (t) => on(t, 0)) },
      { name: "exact", role: "exact", points: line(65, (t) => on(t, 0)) },
      { name: "straight in the chart", role: "linear", points: line(65, (t) => on(t, 0.7)) },
    ],
    stages: [0.7, 0.4, 0.15, 0.03].map((bump, i) => ({ name: `${8 << i} segments`, cost: 4 + bump * bump, points: line(33, (t) => on(t, bump)) })),
    figures: [
      { name: "LatentPath", length: 2.0003, cost: 4.001 },
      { name: "exact", length: 2, cost: 4 },
    ],
    convergence: { stages: ["8 segments", "16 segments"], stage: [0, 0, 0, 1, 1], iteration: [1, 2, 3, 4, 5], cost: [4.5, 4.2, 4.1, 4.05, 4.001], evaluations: [20, 40, 60, 100, 140] },
    settings: { chart: "sphere" },
    command: "latentpath geodesic --manifold sphere <b>",
  };
}

/** Example 3 of Struski et al.: a path around a disc. */
export function disc() {
  const side = 61;
  const values = [];
  for (let r = 0; r < side; ++r)
    for (let c = 0; c < side; ++c) {
      const [x, y] = [-2 + (4 * c) / (side - 1), -2 + (4 * r) / (side - 1)];
      values.push(0.5 * Math.exp(-5 * Math.max(0, 1 - Math.hypot(x, y))));
    }
  const around = (t, bend) => [-1.3 + 2.6 * t, bend * Math.sin(Math.PI * t)];
  return {
    kind: "geodesic",
    verdict: { headline: "The path goes round the disc, 3.42 long", points: [] },
    plane: { x: [-2, 2], y: [-2, 2], rows: side, columns: side, values, value_label: "quality" },
    curves: [
      { name: "LatentPath", role: "path", points: line(65, (t) => around(t, 1.02)) },
      { name: "straight line", role: "linear", points: line(9, (t) => around(t, 0)) },
    ],
    stages: [0.3, 0.7, 1].map((bend, i) => ({ name: `iteration ${10 * i}`, cost: 9 - 3 * bend, points: line(33, (t) => around(t, bend)) })),
  };
}

/** One cloud that splits into two. */
export function measures() {
  const start = line(40, (t) => [Math.cos(40 * t) * Math.sqrt(t), Math.sin(40 * t) * Math.sqrt(t)]);
  const end = start.map(([x, y], i) => [x, y + (i % 2 ? 5 : -5)]);
  const times = line(11, (t) => t);
  const between = times.map((t) => start.map((p, i) => [p[0] + t * (end[i][0] - p[0]), p[1] + t * (end[i][1] - p[1])]));
  return {
    kind: "measures",
    verdict: { headline: "The mixture is the shortest way, the displacement the smooth one", points: [] },
    axes: ["x", "y"],
    methods: [
      { name: "displacement", times, points: between, figures: { cost: 0.161, ratio_to_bound: 1.87 } },
      {
        name: "mixture",
        times: [0, 1],
        points: [[...start, ...end], [...start, ...end]],
        weights: [[...start.map(() => 1 / 40), ...end.map(() => 0)], [...start.map(() => 0), ...end.map(() => 1 / 40)]],
        figures: { cost: 0.0862, ratio_to_bound: 1 },
      },
    ],
  };
}

/** Two pairs of molecules, as `latentpath molecules` finds them. */
export function molecules() {
  const step = (smiles, value, given = false) => ({ smiles, given, partial: false, replaced: false, value, predicted: given ? null : value + 0.1, log_p: value, qed: 0.7, sa: 2.1, weight: 250.3, tpsa: 60, similarity_to_start: 0.5, similarity_to_end: 0.25, similarity_to_previous: 0.4 });
  const pair = (from, to, verdict, best) => ({ verdict, from, to, steps: [step(from, 1.5, true), step("CC(N)=O", best), step(to, 1.2, true)] });
  const reasons = (level, text) => ({ path: { verdict_reasons: [{ topic: "property", level, text }] } });
  return {
    kind: "molecules",
    property: "log P",
    verdict: { level: "fair", headline: "log P below 0 is reached on 1 of 2 pairs (straight lines: 0)", points: [] },
    summary: { pairs: [reasons("good", "log P below 0 is reached"), reasons("fair", "log P below 0 is not reached")] },
    pairs: [pair("CCO", "CCN", "good", -0.51), pair("CCC", "<b>C</b>", "fair", 0.73)],
  };
}

/** Methods by features, as `latentpath evaluate` tables them. */
export function evaluation() {
  const rows = [];
  for (const [feature, gain] of [["8", 1], ["3", 0.8], ["<b>7</b>", 0.6]])
    for (const [method, probability, cost, pairs] of [["linear", 0.05, 900, 100], ["spherical", 0.07, 800, 100], ["paper", 0.97, 40, 5], ["LatentPath", 0.85, 60, 100]])
      rows.push({ feature, method, pairs, values: { p: { mean: probability * gain, error: 0.04, count: pairs }, cost: { mean: cost / gain, error: cost / 4, count: pairs }, share: { mean: method === "linear" ? 0.5 : 1, error: 0, count: pairs } }, profiles: { quality: { mean: [1, probability, 1], error: [0, 0.02, 0] }, step: { mean: [cost, null] } } });
  return {
    kind: "evaluate",
    verdict: { headline: "LatentPath has the feature on 3 of 3 features", points: [] },
    metrics: [
      { id: "p", label: "class probability", better: "higher" },
      { id: "cost", label: "cost", better: "lower", log: true },
      { id: "share", label: "share", better: "higher" },
    ],
    rows,
  };
}
