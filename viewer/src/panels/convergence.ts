// How the cost fell, over iterations and over decoded points.

import { isNumber, type Common, type Convergence, type Figures } from "../data";
import { choice, section } from "../dom";
import { lineChart, type Line } from "../chart";
import { number, plural } from "../format";

type Axis = "iteration" | "evaluations";

/** A line a stage: costs of different grids are not joined. */
function stageLines(record: Convergence, axis: Axis): Line[] {
  const points = record.cost.map((cost, i) => ({ x: record[axis][i] ?? i, y: isNumber(cost) && cost > 0 ? cost : null }));
  const joined: Line["points"] = [];
  points.forEach((point, i) => {
    if (i > 0 && record.stage[i] !== record.stage[i - 1]) joined.push({ x: point.x, y: null });
    joined.push(point);
  });
  return [{ id: "cost", name: "mean cost of the paths that compete", colour: "var(--path)", dash: "none", width: 2.5, points: joined }];
}

function stageBands(record: Convergence, axis: Axis): { x1: number; x2: number; label: string }[] {
  const bands: { x1: number; x2: number; label: string }[] = [];
  record.stage.forEach((stage, i) => {
    const x = record[axis][i] ?? i;
    if (i === 0 || stage !== record.stage[i - 1]) bands.push({ x1: i === 0 ? 0 : bands[bands.length - 1]!.x2, x2: x, label: record.stages[stage] ?? "" });
    else bands[bands.length - 1]!.x2 = x;
  });
  return bands;
}

export function convergencePanel(run: Common, baseline?: Figures): HTMLElement | null {
  const record = run.convergence;
  if (!record || !Array.isArray(record.cost) || record.cost.filter(isNumber).length === 0) return null;
  const finite = record.cost.filter(isNumber);
  const last = finite[finite.length - 1]!;
  const straight = isNumber(baseline?.cost_refined) && baseline.cost_refined > 0 ? baseline.cost_refined : null;
  const rules = straight ? [{ y: straight, label: `straight line ${number(straight)}` }] : [];
  let axis: Axis = "iteration";
  const label = { iteration: "iteration", evaluations: "points decoded, per pair" };
  const all = [...finite.filter((cost) => cost > 0), ...(straight ? [straight] : [])];
  const values = (x: number): number | null => {
    let nearest = -1;
    record[axis].forEach((each, i) => {
      if (nearest < 0 || Math.abs(each - x) < Math.abs(record[axis][nearest]! - x)) nearest = i;
    });
    return record.cost[nearest] ?? null;
  };
  const options = () => ({
    x: label[axis],
    lines: stageLines(record, axis),
    bands: stageBands(record, axis),
    xDomain: [0, Math.max(1, ...record[axis])] as [number, number],
    xTicks: Math.min(7, Math.max(1, ...record[axis])),
  });
  const chart = lineChart({
    label: "Cost against iterations",
    y: "cost (logarithmic)",
    log: true,
    rules,
    height: 400,
    yDomain: all.length > 0 ? [Math.min(...all) / 1.3, Math.max(...all) * 1.4] : undefined,
    onHover: (x) => chart.cursor(x, x === null ? {} : { cost: values(x) }),
    ...options(),
  });
  const evaluations = record.evaluations?.length === record.cost.length;
  return section(
    "convergence",
    `The cost ${last <= finite[0]! ? "falls" : "goes"} from ${number(finite[0])} to ${number(last)} in ${plural(record.iteration[record.iteration.length - 1] ?? finite.length, "iteration")}`,
    "Each shaded stage is a finer grid with fewer first paths left, so the line starts anew there. Costs are those of the grid that is being optimised.",
    evaluations
      ? choice<Axis>("Against", [["iteration", "iterations"], ["evaluations", "decoder evaluations"]], axis, (value) => {
          axis = value;
          chart.set(options());
        })
      : null,
    chart.element,
  ).element;
}
