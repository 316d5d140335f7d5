// A strip of draws of the prior: each can become an end, and stays in sight while it is pinned.

import { h, section } from "../dom";
import { readSamples, type Samples } from "./api";
import { Film, showFrame } from "./film";

const count = 14;

export interface Sample {
  end: string; // seed:23
  latent: number[];
}

export function samplesPanel(onChoose: (which: "from" | "to", sample: Sample) => void, say: (sentence: string) => void): { element: HTMLElement; used(ends: string[]): void } {
  const tiles = h("div", { class: "tiles-strip" });
  const more = h("button", { class: "plain", type: "button", id: "more-samples", click: () => void draw() }, "Other samples");
  const panel = section("samples", "Samples of the prior", "", tiles);
  const hint = h("span", { class: "hint" }, "Take one as the start or the end; a pinned one stays when others are drawn.");
  panel.element.querySelector("h2")!.append(hint, more);
  const pinned = new Map<string, HTMLElement>();
  let first = 0;
  let busy = false;
  let ends: string[] = [];

  function tile(film: Film, index: number, sample: Sample): HTMLElement {
    const canvas = h("canvas", { role: "img", "aria-label": `What ${sample.end} decodes to` });
    showFrame(canvas, film, index);
    const button = (name: string, which: "from" | "to") => h("button", { class: `plain ${which}`, type: "button", click: () => onChoose(which, sample) }, name);
    const pin = h(
      "button",
      { class: "plain pin", type: "button", "aria-pressed": "false", "aria-label": `Pin ${sample.end}`, click: () => {
        const now = !pinned.has(sample.end);
        if (now) pinned.set(sample.end, element);
        else pinned.delete(sample.end);
        pin.setAttribute("aria-pressed", String(now));
        pin.textContent = now ? "★" : "☆";
      } },
      "☆",
    );
    const element = h("figure", { class: "sample", "data-end": sample.end }, canvas, pin, h("figcaption", {}, sample.end), h("div", { class: "sample-buttons" }, button("start", "from"), button("end", "to")));
    return element;
  }

  function mark(): void {
    for (const element of tiles.children as Iterable<Element> & HTMLCollection) {
      const end = (element as HTMLElement).dataset.end ?? "";
      element.classList.toggle("is-from", ends[0] === end);
      element.classList.toggle("is-to", ends[1] === end);
    }
  }

  async function draw(): Promise<void> {
    if (busy) return;
    busy = true;
    try {
      const answer: Samples = await readSamples(first, count);
      const film = await Film.load(answer.frames);
      first = (first + count) % 1_000_000;
      const fresh = answer.ends.map((end, i) => tile(film, i, { end, latent: answer.frames.latents[i]! }));
      tiles.replaceChildren(...pinned.values(), ...fresh.filter((each) => !pinned.has(each.dataset.end!)));
      mark();
    } catch (error) {
      say((error as Error).message);
    } finally {
      busy = false;
    }
  }

  void draw();
  return {
    element: panel.element,
    used(now) {
      ends = now;
      mark();
    },
  };
}
