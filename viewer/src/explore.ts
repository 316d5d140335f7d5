// The page of `latentpath explore`: what is asked, what comes back, and the panels that show it.

import "./styles.css";
import "./explore.css";
import { append, h } from "./dom";
import { number } from "./format";
import { curvesPanel } from "./panels/curves";
import { badgeOf, tilesOf, verdictList } from "./panels/verdict";
import { Store } from "./store";
import { Connection, readState, type Answer, type EndSpec, type Question, type State } from "./explore/api";
import { Film } from "./explore/film";
import { keptPanel, mostKept, type Kept } from "./explore/kept";
import { lookOf, pathPanel, type Row } from "./explore/path";
import { planePanel } from "./explore/plane";
import { samplesPanel } from "./explore/samples";
import { wishesPanel } from "./explore/wishes";

const pause = 120; // ms between questions while an end is dragged

class Explorer {
  private question: Question;
  private places: { from: number[]; to: number[] } | null = null;
  private asked = 0;
  private films: { line: Film | null; path: Film | null } = { line: null, path: null };
  private answer: Answer | null = null;
  private kept: Kept[] = [];
  private compared: number | null = null;
  private position = 0.5;
  private waiting: ReturnType<typeof setTimeout> | null = null;
  private last = 0;
  private count = 0;
  private store: Store | null = null;

  private readonly heading = h("h1", { "aria-live": "polite" }, "Looking for a path …");
  private readonly level = h("span", {});
  private readonly verdict = h("section", { class: "panel", id: "verdict", hidden: true });
  private readonly curves = h("div", { class: "curves-holder" });
  private readonly plane;
  private readonly samples;
  private readonly wishes;
  private readonly path;
  private readonly keptPanel;
  private readonly connection: Connection;

  constructor(
    state: State,
    app: HTMLElement,
  ) {
    const { from, to, favor, avoid, odds, sharpness } = state;
    this.question = { from, to, favor, avoid, odds, sharpness };
    this.samples = samplesPanel((which, sample) => this.take(which, sample.end, sample.latent), (sentence) => this.path.status(sentence, false));
    this.wishes = wishesPanel(state, (wishes) => this.change({ ...wishes }));
    this.plane = planePanel(state, (which, latent) => this.take(which, latent, latent));
    this.path = pathPanel((position) => this.place(position), () => this.keep());
    this.keptPanel = keptPanel(state.out, { compare: (id) => this.compare(id), again: (id) => this.again(id), drop: (id) => this.drop(id), write: (id, name) => this.write(id, name) });
    app.replaceChildren();
    append(
      app,
      h(
        "header",
        { class: "overview", id: "overview" },
        h("p", { class: "brand" }, h("b", {}, "LatentPath"), h("span", {}, `Explore · ${state.decoder}${state.classifier ? ` · ${state.classifier}` : ""}`), this.level),
        this.heading,
      ),
      h("main", {}, this.samples.element, this.wishes.element, h("div", { class: "grid" }, this.plane.element, this.path.element), this.verdict, this.curves, this.keptPanel.element),
      h("footer", {}, h("span", {}, `LatentPath ${state.version}. This page asks nobody but the program that serves it.`)),
    );
    this.table();
    this.connection = new Connection(
      () => this.ask(),
      (final) => this.path.status(final ? "The program has ended, or this page is one too many: load the page again." : "The program does not answer; this page goes on when it does.", false),
    );
    this.listen();
  }

  private listen(): void {
    const current = (data: { number: number }) => data.number === this.asked;
    this.connection.on("line", async (data) => {
      if (!current(data)) return;
      const film = await Film.load(data.frames);
      if (!current(data)) return;
      const { latents } = data.frames;
      // Of ends that are named, the page learns here where they are.
      this.places = { from: Array.isArray(this.question.from) ? this.question.from : latents[0]!, to: Array.isArray(this.question.to) ? this.question.to : latents[latents.length - 1]! };
      this.films.line = film;
      this.plane.ends(this.places.from, this.places.to);
      this.show();
      document.body.dataset.line = String(data.number);
    });
    this.connection.on("path", async (data) => {
      if (!current(data)) return;
      const film = await Film.load(data.frames);
      if (!current(data) || this.answer?.number === data.number || document.body.dataset.found === String(data.number)) return;
      this.films.path = film;
      this.path.status(`${data.stage ? `${data.stage}: ` : ""}the best of ${data.paths} so far${data.cost === undefined ? "" : `, mean cost ${number(data.cost)}`}`, true);
      this.show();
      document.body.dataset.path = String(data.number);
    });
    this.connection.on("found", async (data) => {
      if (!current(data)) return;
      document.body.dataset.found = String(data.number);
      const film = await Film.load(data.frames);
      if (!current(data)) return;
      this.films.path = film;
      this.path.status(`Found in ${number(data.seconds, 2)} s; looking at it closely …`, true);
      this.show();
    });
    this.connection.on("answer", (data) => {
      if (current(data)) this.show_answer(data);
    });
    this.connection.on("exporting", (data) => this.keptPanel.told(`Writing ${data.folder} …`));
    this.connection.on("exported", (data) => this.keptPanel.told(`Written to ${data.folder}.`, data.command));
    this.connection.on("failed", (data) => {
      if (data.export) this.keptPanel.told(data.sentence);
      else if (current(data)) {
        this.path.status(data.sentence, false);
        this.heading.textContent = "There is no path";
      }
    });
  }

  private show_answer(answer: Answer): void {
    this.answer = answer;
    const { report } = answer;
    document.body.dataset.answer = String(answer.number);
    this.heading.textContent = report.verdict?.headline ?? "A path";
    this.level.replaceChildren(...[badgeOf(report.verdict)].filter((each) => each !== null));
    this.verdict.hidden = false;
    this.verdict.replaceChildren(h("h2", {}, "What is to be said of it"), ...[tilesOf(report.verdict)].filter((each) => each !== null), verdictList(report.verdict));
    this.path.status(`Found and looked at in ${number(answer.seconds, 2)} s.`, false);
    const store = new Store({ position: this.position });
    store.on(["position", "hover"], () => {
      this.position = store.shown;
      this.path.place(this.position);
      this.marks();
    });
    this.store = store;
    this.curves.replaceChildren(...curvesPanel(report, store).filter((each) => each !== null));
    this.path.keepable(true);
    this.plane.background(report);
    this.show();
    this.table();
  }

  private show(): void {
    const compared = this.kept.find((each) => each.id === this.compared);
    const rows: Row[] = [
      { id: "linear", name: "straight line", film: this.films.line },
      { id: "path", name: "LatentPath", film: this.films.path },
      ...(compared ? [{ id: "kept", name: compared.name, film: compared.film }] : []),
    ];
    this.path.rows(rows, this.feature());
    this.plane.curves(rows.filter((row) => row.film).map((row) => ({ ...lookOf(row.id), name: row.name, latents: row.film!.frames.latents })));
    this.marks();
  }

  /** What the path is to pass through, as its report calls it; until there is one, "P". */
  private feature(): string | null {
    const { favor, avoid } = this.question;
    if (favor.length + avoid.length === 0) return null;
    return (this.answer?.number === this.asked ? this.answer.report.feature : undefined) ?? "P";
  }

  private marks(): void {
    const films = [["linear", this.films.line], ["path", this.films.path]] as const;
    this.plane.marks(films.filter(([, film]) => film).map(([id, film]) => ({ latent: film!.place(this.position), colour: lookOf(id).colour })));
  }

  private place(position: number): void {
    this.position = position;
    this.store?.update({ position, hover: null });
    this.marks();
  }

  private take(which: "from" | "to", end: EndSpec, latent: number[]): void {
    if (this.places) {
      this.places[which] = latent;
      this.plane.ends(this.places.from, this.places.to);
    }
    this.change({ [which]: end });
  }

  private change(part: Partial<Question>): void {
    this.question = { ...this.question, ...part };
    this.path.keepable(false); // the path on the page is not of this question
    if (this.waiting !== null) return;
    this.waiting = setTimeout(
      () => {
        this.waiting = null;
        this.ask();
      },
      Math.max(0, this.last + pause - performance.now()),
    );
  }

  private ask(): void {
    if (!this.connection.connected) return;
    this.last = performance.now();
    this.asked = ++this.count;
    document.body.dataset.asked = String(this.asked);
    this.samples.used([this.question.from, this.question.to].map((end) => (typeof end === "string" ? end : "")));
    this.path.status("Looking for a path …", true);
    this.path.keepable(false);
    const { asked } = this;
    this.connection.ask(asked, this.question).catch((error: Error) => {
      if (asked === this.asked) this.path.status(error.message, false);
    });
  }

  private keep(): void {
    if (!this.films.path || !this.places || this.answer?.number !== this.asked) return;
    if (this.kept.length >= mostKept) {
      this.keptPanel.told(`${mostKept} paths are kept: drop one first.`);
      return;
    }
    if (this.kept.some((each) => each.id === this.asked)) return;
    const name = `kept ${this.kept.reduce((most, each) => Math.max(most, Number(each.name.slice(5))), 0) + 1}`;
    this.kept.push({ id: this.asked, name, wish: this.feature() ?? "no feature", question: { ...this.question }, answer: this.answer, film: this.films.path, ...this.places });
    this.table();
  }

  private compare(id: number | null): void {
    this.compared = id;
    this.show();
    this.table();
  }

  private again(id: number): void {
    const kept = this.kept.find((each) => each.id === id);
    if (!kept) return;
    this.wishes.set(kept.question);
    this.places = { from: kept.from, to: kept.to };
    this.plane.ends(kept.from, kept.to);
    this.change({ ...kept.question });
  }

  private drop(id: number): void {
    this.kept = this.kept.filter((each) => each.id !== id);
    if (this.compared === id) this.compared = null;
    this.show();
    this.table();
  }

  private write(id: number | null, name: string): void {
    const question = id === null ? this.question : this.kept.find((each) => each.id === id)?.question;
    if (!question) return;
    this.keptPanel.told("The export waits for its turn …");
    this.connection.export(this.asked, question, name).catch((error: Error) => this.keptPanel.told(error.message));
  }

  private table(): void {
    this.keptPanel.set(this.kept, this.answer, this.films, this.compared);
  }
}

async function start(): Promise<void> {
  const app = document.getElementById("app")!;
  try {
    new Explorer(await readState(), app);
  } catch (error) {
    app.replaceChildren(h("p", { class: "loading" }, (error as Error).message));
  }
}

void start();
