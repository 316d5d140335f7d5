// Puts the panels of a run's kind on the page. A new kind of run is a new entry in `pages`.

import "./styles.css";
import { readRun, type Common, type Evaluation, type Geodesic, type Interpolation, type Measures, type Molecules, type Run } from "./data";
import { append, h } from "./dom";
import { convergencePanel } from "./panels/convergence";
import { curvesPanel } from "./panels/curves";
import { evaluationPanels } from "./panels/evaluation";
import { figuresPanel } from "./panels/figures";
import { moleculesPanel } from "./panels/molecules";
import { morphPanel } from "./panels/morph";
import { movingPointsPanel } from "./panels/moving_points";
import { geodesicDownloads, measuresDownloads } from "./panels/page_downloads";
import { pairsPanel } from "./panels/pairs";
import { planePanel } from "./panels/plane";
import { scenePanel } from "./panels/scene";
import { settingsPanel } from "./panels/settings";
import { overviewPanel, pairVerdictPanel } from "./panels/verdict";
import { Sheets } from "./sheets";
import { Store, type Spacing } from "./store";

type Panels = (HTMLElement | null)[];

const pages: Record<string, (run: Run) => Panels> = {
  interpolate(run) {
    const data = run as Interpolation;
    const count = data.summary.pairs.length;
    const store = new Store({ spacing: data.settings?.spacing === "arc" ? ("arc" as Spacing) : "time", position: 0.5 });
    const sheets = new Sheets(data);
    steerByKeys(store, count);
    const alone = count === 1;
    const wide: Panels = [planePanel(data, store), convergencePanel(data, alone ? data.summary.pairs[0]?.linear : undefined)];
    return [
      pairsPanel(data, store, sheets),
      alone ? null : pairVerdictPanel(data, store),
      morphPanel(data, store, sheets),
      ...curvesPanel(data, store),
      h("div", { class: "grid" }, ...wide),
    ];
  },
  geodesic(run) {
    const data = run as Geodesic;
    return [geodesicDownloads(data, scenePanel(data)), figuresPanel(data.figures, "Length against the other paths"), convergencePanel(data)];
  },
  measures(run) {
    const data = run as Measures;
    return [measuresDownloads(data, movingPointsPanel(data)), convergencePanel(data)];
  },
  evaluate: (run) => evaluationPanels(run as Evaluation),
  molecules: (run) => [moleculesPanel(run as Molecules)],
};

/** Space plays, arrows step, brackets change the pair: wherever no control takes the keys itself. */
function steerByKeys(store: Store, pairs: number): void {
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("select, textarea, input:not(#scrubber)")) return;
    const step = (by: number) => store.update({ position: Math.min(1, Math.max(0, store.view.position + by)), hover: null, playing: false });
    const onScrubber = target.id === "scrubber";
    if (event.key === " " && !target.closest("button, summary, a")) store.update({ playing: !store.view.playing, hover: null, ...(store.view.position >= 1 ? { position: 0 } : {}) });
    else if (event.key === "ArrowRight" && !onScrubber && !target.closest(".table-scroll")) step(0.02);
    else if (event.key === "ArrowLeft" && !onScrubber && !target.closest(".table-scroll")) step(-0.02);
    else if (event.key === "]" || event.key === "n") store.update({ pair: Math.min(pairs - 1, store.view.pair + 1) });
    else if (event.key === "[" || event.key === "p") store.update({ pair: Math.max(0, store.view.pair - 1) });
    else return;
    event.preventDefault();
  });
}

function start(): void {
  const app = document.getElementById("app")!;
  const run = readRun();
  if (typeof run === "string") {
    app.replaceChildren(h("p", { class: "loading" }, run));
    return;
  }
  const page = pages[run.kind];
  const panels = page ? page(run) : [h("p", { class: "loading" }, `This page knows no runs of the kind “${run.kind}”; a newer LatentPath may.`)];
  app.replaceChildren();
  append(
    app,
    overviewPanel(run as Common),
    h("main", {}, ...panels.filter((panel) => panel !== null)),
    settingsPanel(run as Common),
    h("footer", {}, h("span", {}, "Made by LatentPath. Everything is in this file; it asks no network."), page === pages.interpolate ? h("span", {}, "Space plays, ← → step, [ ] change the pair.") : null),
  );
}

start();
