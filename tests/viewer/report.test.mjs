// report.html as its readers use it: real runs and fixtures, in headless Chromium.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { disc, evaluation, measures, molecules, sphere } from "./fixtures.mjs";

const here = import.meta.dirname ?? resolve(new URL(".", import.meta.url).pathname);
const require = createRequire(join(process.env.LATENTPATH_PACKAGES, "any.js"));
const { chromium } = require("playwright-core");
const program = process.env.LATENTPATH_PROGRAM;
const repository = resolve(here, "../..");

let work, browser;
const path = (...parts) => join(work, ...parts);
const model = (name) => path("models", `${name}.pt`);

/** One run of the program into a folder of its own; these settings make a small sound job. */
function interpolate(name, settings = {}, codes = [0]) {
  const chosen = { decoder: model("tanh"), classifier: model("unit_classifier"), favor: "8", from: "-1.2,-0.8", to: "1.3,-0.6", segments: 16, seed: 1, threads: 1, quiet: true, out: path(name), ...settings };
  const options = Object.entries(chosen).flatMap(([key, value]) => (value === true ? [`--${key}`] : value === null ? [] : [`--${key}=${value}`]));
  const run = spawnSync(program, ["interpolate", ...options], { encoding: "utf8" });
  assert.ok(codes.includes(run.status), `${name}: exit code ${run.status}: ${run.stderr}`);
  return path(name);
}

/** A run folder of another kind, made by hand, and its report. */
function fixture(name, data) {
  mkdirSync(path(name, "report"), { recursive: true });
  writeFileSync(path(name, "report", "data.json"), JSON.stringify(data));
  execFileSync(program, ["report", path(name)]);
  return path(name);
}

/** The report of a run, opened by a browser that is not allowed to complain or to ask anyone for anything. */
async function open(run, { width = 1280, height = 900, dark = false, check = true } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", acceptDownloads: true });
  const page = await context.newPage();
  const troubles = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("dialog", (dialog) => (troubles.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && request.url() !== pathToFileURL(join(run, "report.html")).href) troubles.push(`request: ${request.url()}`);
  });
  await page.goto(pathToFileURL(join(run, "report.html")).href);
  await page.waitForSelector("h1");
  await page.waitForTimeout(150); // frames are decoded after the page is there
  return {
    page,
    async close() {
      if (check) assert.deepEqual(troubles, []);
      await context.close();
    },
  };
}

/** What a canvas shows, as a number that changes with it; 0 for an empty one. */
const ink = (locator) =>
  locator.evaluate((canvas) => {
    // A copy is read: a canvas that is read often is moved out of the graphics memory, and Chromium warns of it.
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum = (sum * 31 + data[i] + 3 * data[i + 1] + 7 * data[i + 2] + data[i + 3]) % 1000000007;
    return data.some((value) => value !== 0) ? sum : 0;
  });

async function download(page, button) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

before(async () => {
  work = mkdtempSync(join(tmpdir(), "latentpath-report-"));
  execFileSync(process.env.LATENTPATH_PYTHON, [join(here, "report_models.py"), path("models")], { stdio: ["ignore", "ignore", "inherit"] });
  browser = await chromium.launch({
    executablePath: process.env.LATENTPATH_BROWSER,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser?.close();
  rmSync(work, { recursive: true, force: true });
});

describe("a run with images and two latents", () => {
  let run;
  before(() => {
    run = interpolate("images", { pairs: path("models", "three.npy"), from: null, to: null });
  });

  test("scrubbing by hand, by strip and by keyboard shows other frames", async () => {
    const { page, close } = await open(run);
    const frame = page.locator(".cell.path canvas");
    const shown = new Set([await ink(frame)]);
    assert.ok(!shown.has(0), "the first frame is drawn without being asked for");
    await page.locator("#scrubber").fill("0");
    shown.add(await ink(frame));
    assert.match(await page.locator(".time").first().textContent(), /0\.00/);
    await page.locator("#scrubber").focus();
    await page.keyboard.press("End");
    shown.add(await ink(frame));
    assert.match(await page.locator(".time").first().textContent(), /1\.00/);
    const strip = await page.locator(".strip-row.path canvas").boundingBox();
    const cells = Number(await page.locator(".strip-row.path canvas").getAttribute("data-count"));
    await page.mouse.click(strip.x + (3.5 * strip.width) / cells, strip.y + strip.height / 2); // the fourth frame
    shown.add(await ink(frame));
    const at = Number((await page.locator(".time").first().textContent()).match(/[\d.]+/)[0]);
    assert.ok(Math.abs(at - 3 / (cells - 1)) < 0.01);
    assert.equal(shown.size, 4);
    await page.locator("h1").click(); // away from every control
    await page.keyboard.press("ArrowRight");
    assert.ok(Math.abs(Number((await page.locator(".time").first().textContent()).match(/[\d.]+/)[0]) - at - 0.02) < 0.011);
    await close();
  });

  test("playing moves on by itself, at the chosen speed, and stops", async () => {
    const { page, close } = await open(run);
    await page.locator("#scrubber").fill("0");
    await page.click("text=Play");
    await page.waitForFunction(() => Number(document.querySelector("#scrubber").value) > 60);
    assert.equal(await page.locator(".play").textContent(), "Pause");
    await page.locator("h1").click();
    await page.keyboard.press("Space");
    assert.equal(await page.locator(".play").textContent(), "Play");
    const at = await page.locator("#scrubber").inputValue();
    await page.waitForTimeout(120);
    assert.equal(await page.locator("#scrubber").inputValue(), at);
    await close();
  });

  test("spacing by arc length shows other frames at the same place", async () => {
    const { page, close } = await open(run);
    await page.locator("#scrubber").fill("150");
    const byTime = await ink(page.locator(".cell.path canvas"));
    await page.locator(".choice label", { hasText: "arc length" }).click();
    assert.match(await page.locator(".time").first().textContent(), /15 % of the arc/);
    assert.notEqual(await ink(page.locator(".cell.path canvas")), byTime);
    await close();
  });

  test("pointing at one plot reads the values of all of them and moves the frames", async () => {
    const { page, close } = await open(run);
    await page.locator("#scrubber").fill("0");
    const before = await ink(page.locator(".cell.path canvas"));
    const plot = page.locator("#plot-feature .plot svg");
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    for (const id of ["plot-feature", "plot-quality", "plot-speed"]) {
      const values = await page.locator(`#${id} output`).allTextContents();
      assert.equal(values.length, 3);
      for (const value of values) assert.ok(Number.isFinite(Number(value)) && value !== "", `${id}: ${value}`);
    }
    assert.notEqual(await ink(page.locator(".cell.path canvas")), before);
    await page.mouse.move(2, 2);
    assert.equal(await ink(page.locator(".cell.path canvas")), before);
    await close();
  });

  test("the numbers on the page are those of run.json and of the path", async () => {
    const { page, close } = await open(run);
    const { summary } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    const cells = await page.locator("table.pairs tbody tr").nth(1).locator("td").allTextContents();
    const cost = summary.pairs[1].path.cost_refined;
    assert.ok(Math.abs(Number(cells[1]) / cost - 1) < 0.006, `${cells[1]} stands for ${cost}`);
    // The mean of what the plot shows is the summary's mean probability.
    const mean = await page.evaluate(() => {
      const data = JSON.parse(document.getElementById("latentpath-data").textContent);
      const values = data.pairs[0].path.feature;
      return data.times.slice(1).reduce((sum, time, i) => sum + ((values[i] + values[i + 1]) / 2) * (time - data.times[i]), 0);
    });
    assert.ok(Math.abs(mean - summary.pairs[0].path.mean_class_probability) < 0.01);
    await close();
  });

  test("the verdict is run.json's, to the letter: of the run, of a pair, on the page and on the plain one", async () => {
    const { summary } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    const { page, close } = await open(run);
    assert.equal(await page.locator("h1").textContent(), summary.verdict.headline);
    assert.deepEqual(await page.locator("#overview .verdict dd").allTextContents(), summary.verdict.points.map((point) => point.text));
    assert.deepEqual(await page.locator("#overview .tile strong").allTextContents(), summary.verdict.tiles.map((tile) => tile.value));
    assert.match(await page.locator("#overview .level").textContent(), new RegExp(summary.verdict.level));
    assert.deepEqual(await page.locator("#pair-verdict .verdict dd").allTextContents(), summary.pairs[0].path.verdict_reasons.map((reason) => reason.text));
    const marks = await page.locator("#overview .verdict .point").evaluateAll((points) => points.map((point) => point.classList[1]));
    assert.deepEqual(marks, summary.verdict.points.map((point) => point.level));
    await close();
    const plain = path("plain");
    cpSync(run, plain, { recursive: true });
    execFileSync(program, ["report", "--plain", plain]);
    const html = readFileSync(join(plain, "report.html"), "utf8");
    const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
    for (const { text } of summary.verdict.points) assert.ok(html.includes(escaped(text)), text);
    for (const { value } of summary.verdict.tiles) assert.ok(html.includes(`<strong>${escaped(value)}</strong>`), value);
  });

  test("choosing a pair shows it, sorting orders the table", async () => {
    const { page, close } = await open(run);
    assert.match(await page.locator("#pair-verdict .brand").textContent(), /Pair 1 of 3/);
    const before = await ink(page.locator(".cell.path canvas"));
    await page.locator("table.pairs tbody button", { hasText: "3" }).click();
    await page.waitForTimeout(100);
    assert.match(await page.locator("#pair-verdict .brand").textContent(), /Pair 3 of 3/);
    assert.notEqual(await ink(page.locator(".cell.path canvas")), before);
    await page.keyboard.press("[");
    assert.match(await page.locator("#pair-verdict .brand").textContent(), /Pair 2 of 3/);
    const costs = () => page.locator("table.pairs tbody tr td:nth-child(3)").allTextContents();
    await page.locator("thead button", { hasText: /^cost$/ }).click();
    const ascending = (await costs()).map(Number);
    assert.deepEqual(ascending, [...ascending].sort((a, b) => a - b));
    await page.locator("thead button", { hasText: /^cost$/ }).click();
    assert.deepEqual((await costs()).map(Number), ascending.reverse());
    assert.equal(await page.locator("th[aria-sort=descending]").count(), 1);
    assert.ok(await ink(page.locator("canvas.thumbs").first()), "the table has thumbnails");
    await close();
  });

  test("the pairs of a tour are its legs, on the page and on the plain one", async () => {
    const tour = interpolate("tour", { through: "0.2,0.9", segments: 8 });
    const { page, close } = await open(tour);
    const words = await page.locator("body").innerText();
    assert.match(words, /Tour of 2 legs/i);
    assert.match(words, /leg 1 of 2/i);
    await close();
    const plain = path("plain-tour");
    cpSync(tour, plain, { recursive: true });
    execFileSync(program, ["report", "--plain", plain]);
    assert.match(readFileSync(join(plain, "report.html"), "utf8"), /<th scope="row">leg 2<\/th>/);
  });

  test("strip, morph and points can be downloaded", async () => {
    const { page, close } = await open(run);
    const strip = await download(page, "#download-strip");
    assert.deepEqual([...strip.bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    const gif = await download(page, "#download-gif");
    assert.equal(gif.bytes.subarray(0, 6).toString(), "GIF89a");
    assert.ok(gif.bytes.length > 2000);
    const points = (await download(page, "#download-points")).bytes.toString().trim().split("\n");
    assert.equal(points[0], "t,z1,z2");
    assert.equal(points.length, 1 + 17);
    // The first node is the given end, to the last bit of its type.
    const first = points[1].split(",").map(Number);
    const npy = readFileSync(join(run, "path.npy"));
    const values = new Float32Array(npy.buffer.slice(npy.byteOffset + npy.length - 3 * 17 * 2 * 4, npy.byteOffset + npy.length));
    assert.deepEqual(first.slice(1).map(Math.fround), [...values.slice(0, 2)]);
    const curves = (await download(page, "#download-curves")).bytes.toString();
    assert.match(curves, /^t,linear_quality,/);
    await close();
  });

  test("the latent plane is a heat map that can be pointed at", async () => {
    const { page, close } = await open(run);
    assert.equal(await page.locator("#plane svg image").count(), 1);
    assert.match(await page.locator("#plane .reading").textContent(), /LatentPath at t = 0\.50: \(/);
    const dots = page.locator("#plane .cursor circle");
    assert.equal(await dots.count(), 3);
    const before = await dots.last().getAttribute("cx");
    await page.locator("#scrubber").fill("100");
    assert.notEqual(await dots.last().getAttribute("cx"), before);
    await close();
  });

  test("cost is plotted against iterations and against decoder evaluations", async () => {
    const { page, close } = await open(run);
    assert.match(await page.locator("#convergence h2").textContent(), /The cost falls from .* in \d+ iterations/);
    assert.match(await page.locator("#convergence .plot svg").textContent(), /iteration/);
    await page.locator("#convergence .choice label", { hasText: "decoder evaluations" }).click();
    assert.match(await page.locator("#convergence .plot svg").textContent(), /points decoded/);
    await close();
  });

  test("dark, light and a phone: everything fits, nothing jumps, axes have names", async () => {
    const colours = [];
    for (const [width, dark] of [[1280, false], [1280, true], [375, false]]) {
      const { page, close } = await open(run, { width, height: 800, dark });
      colours.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} pixels are enough`);
      const shift = page.evaluate(
        () =>
          new Promise((done) => {
            let sum = 0;
            new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value))).observe({ type: "layout-shift" });
            setTimeout(() => done(sum), 700);
          }),
      );
      await page.locator("h1").click();
      await page.keyboard.press("Space");
      assert.ok((await shift) < 0.005, "no layout shift while it plays");
      for (const text of ["time t along the path", "P(8)", "quality Q at time t", "image distance per unit of time", "latent 1", "cost (logarithmic)"])
        assert.ok((await page.locator("svg text", { hasText: text }).count()) > 0, `an axis is named ${text}`);
      await close();
    }
    assert.equal(colours[0], colours[2]);
    assert.notEqual(colours[0], colours[1]);
  });

  test("every control has a name and can be reached by keyboard", async () => {
    const { page, close } = await open(run);
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll("button, input, [role=img], [role=region], summary")]
        .filter((e) => !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length))
        .map((e) => e.outerHTML.slice(0, 80)),
    );
    assert.deepEqual(nameless, []);
    const reached = new Set();
    for (let i = 0; i < 40; ++i) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim().slice(0, 20)));
    }
    for (const wanted of ["scrubber", "Play", "cost", "1", "download-gif"]) assert.ok(reached.has(wanted), `${wanted} is reached by Tab`);
    await close();
  });

  test("no path of this machine is in the page, and rebuilding gives the same bytes", () => {
    const html = readFileSync(join(run, "report.html"), "utf8");
    for (const private_ of [work, repository, homedir(), "/home/", "/usr/"].filter((each) => each.length > 1 && each !== "/root"))
      assert.ok(!html.includes(private_), `the page mentions ${private_}`);
    assert.ok(html.includes("tanh.pt"), "but the name of the model");
    rmSync(join(run, "report.html"));
    execFileSync(program, ["report", run]);
    assert.equal(readFileSync(join(run, "report.html"), "utf8"), html);
  });
});

describe("runs of every sort", () => {
  test("64 latents: the projection to the plane of the ends, among samples of the prior", async () => {
    const run = interpolate("wide", { decoder: model("wide"), from: "seed:3", to: "seed:4" });
    const { page, close } = await open(run);
    assert.match(await page.locator("#plane .subtitle").textContent(), /Projection to the plane/);
    assert.ok((await page.locator("#plane svg circle").count()) > 200);
    assert.match(await page.locator("#plane .reading").textContent(), /z₀ \+ .* z₁/);
    // Eq. 15 at the ends: z0 itself and z1 itself.
    await page.locator("#scrubber").fill("0");
    assert.match(await page.locator("#plane .reading").textContent(), /1\.00 z₀ \+ -?0\.00 z₁/);
    await page.locator("#scrubber").fill("1000");
    assert.match(await page.locator("#plane .reading").textContent(), /-?0\.00 z₀ \+ 1\.00 z₁/);
    assert.equal(await page.locator("#plot-prior .plot svg").count(), 1);
    await close();
  });

  test("−log p(x) along the three curves is run.json's, and plotted with the others", async () => {
    const run = interpolate("dense", { decoder: model("wide"), from: "seed:3", to: "seed:4", "data-density": "on" });
    const { page, close } = await open(run);
    const { summary } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    await page.locator("#scrubber").fill("0");
    const shown = (await page.locator("#plot-density output").allTextContents()).map(Number);
    const starts = ["linear", "spherical", "path"].map((id) => summary.pairs[0][id].negative_log_density[0]);
    assert.equal(shown.length, 3);
    for (const [i, value] of shown.entries()) assert.ok(Math.abs(value / starts[i] - 1) < 0.006, `${value} stands for ${starts[i]}`);
    assert.match(await page.locator("#plot-density h2, #plot-density h3").first().textContent(), /^−log p\(x\) is -?[\d.]+ in the mean of our path, -?[\d.]+ of the straight line$/);
    assert.equal(await page.locator("#plot-density .plot svg").count(), 1);
    await close();
    // None asked for, none shown.
    const bare = await open(interpolate("bare", { decoder: model("wide"), from: "seed:3", to: "seed:4", "data-density": "none" }));
    assert.equal(await bare.page.locator("#plot-density").count(), 0);
    await bare.close();
  });

  test("what the judge says, and how strange images are, is plotted for our path alone", async () => {
    const run = interpolate("judged", { judge: model("unit_classifier") });
    const { page, close } = await open(run);
    const { path: told } = JSON.parse(readFileSync(join(run, "run.json"), "utf8")).summary.pairs[0];
    await page.locator("#scrubber").fill("0");
    for (const [plot, values] of [["judge", told.judge_probability], ["image", told.image_rank]]) {
      const shown = (await page.locator(`#plot-${plot} output`).allTextContents()).map(Number);
      assert.equal(shown.length, 1, plot);
      assert.ok(Math.abs(shown[0] - values[0]) < 0.006, `${plot}: ${shown[0]} stands for ${values[0]}`);
    }
    assert.match(await page.locator("#plot-judge h2, #plot-judge h3").first().textContent(), /The judge sees .* above ½ for /);
    await close();
  });

  test("NaN on the way: the page says so, marks the frames and shows what there is", async () => {
    const run = interpolate("hole", { decoder: model("hole"), from: "-1.2,-3.5", to: "1.2,-3.5" }, [0, 4]);
    const { page, close } = await open(run);
    assert.match(await page.locator("h1").textContent(), /no finite cost|no numbers/);
    const frame = page.locator(".cell.linear canvas");
    assert.match(await page.locator(".cell.linear figcaption").textContent(), /NaN/);
    const middle = await ink(frame);
    assert.ok(middle, "the frame is marked, not blank");
    await page.locator("#scrubber").fill("0");
    assert.doesNotMatch(await page.locator(".cell.linear figcaption").textContent(), /NaN/);
    assert.notEqual(await ink(frame), middle);
    assert.equal(await page.locator("#plot-feature .plot svg").count(), 1);
    await close();
  });

  test("a run without one finite figure", async () => {
    const data = JSON.parse(readFileSync(path("hole", "report", "data.json"), "utf8"));
    const lost = (node) => (Array.isArray(node) ? node.map(lost) : node && typeof node === "object" ? Object.fromEntries(Object.entries(node).map(([key, value]) => [key, ["times", "frames", "u", "v"].includes(key) ? value : lost(value)])) : typeof node === "number" ? null : node);
    const { page, close } = await open(fixture("lost", { ...data, summary: lost(data.summary), convergence: lost(data.convergence), pairs: data.pairs.map((pair) => ({ ...pair, linear: lost(pair.linear), spherical: lost(pair.spherical), path: lost(pair.path) })) }));
    assert.match(await page.locator("#overview").textContent(), /NaN/);
    assert.match(await page.locator("#plot-quality .empty").textContent(), /no numbers to draw/);
    assert.equal(await page.locator("#convergence").count(), 0);
    await close();
  });

  test("one frame", async () => {
    const run = interpolate("one", { "report-frames": 1 });
    const { page, close } = await open(run);
    const frame = page.locator(".cell.path canvas");
    const first = await ink(frame);
    assert.ok(first);
    await page.locator("#scrubber").fill("1000");
    assert.equal(await ink(frame), first);
    assert.equal((await download(page, "#download-gif")).bytes.subarray(0, 6).toString(), "GIF89a");
    await close();
  });

  test("colours stay colours", async () => {
    const run = interpolate("colour", { decoder: model("colour"), classifier: null, favor: null });
    const { page, close } = await open(run);
    await page.locator("#scrubber").fill("0");
    const [red, , blue] = await page.locator(".cell.path canvas").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let sums = [0, 0, 0];
      for (let i = 0; i < data.length; i += 4) sums = sums.map((sum, k) => sum + data[i + k]);
      return sums;
    });
    assert.ok(blue > 2 * red, "on the left the blob is blue");
    await close();
  });

  test("outputs that are no images are shown as vectors", async () => {
    const run = interpolate("vectors", { decoder: model("vector"), classifier: model("vector_classifier") });
    const { page, close } = await open(run);
    assert.equal(await page.locator(".cell.path .vector svg").count(), 1);
    const bars = () => page.locator(".cell.path .vector svg g[aria-label=bar] rect").evaluateAll((rects) => rects.map((r) => r.getAttribute("height")).join());
    const before = await bars();
    assert.equal(before.split(",").length, 5);
    await page.locator("#scrubber").fill("0");
    assert.notEqual(await bars(), before);
    assert.ok(await ink(page.locator(".strip-row.path canvas")));
    assert.equal(await page.locator("#download-strip").count(), 0);
    await close();
  });

  test("where no quality was asked for, none is told", async () => {
    const run = interpolate("plainly", { classifier: null, favor: null });
    const { page, close } = await open(run);
    assert.equal(await page.locator(".cell.path canvas").count(), 1);
    assert.equal(await page.locator(".meter, .meter-value").count(), 0);
    assert.equal(await page.locator(".heat-legend .ramp").count(), 0);
    assert.doesNotMatch(await page.locator("#morph, #plane").allTextContents().then((texts) => texts.join()), /quality/i);
    assert.ok(!(await download(page, "#download-curves")).bytes.toString().split("\n")[0].includes("quality"));
    await close();
    const asked = await open(interpolate("asked"));
    assert.equal(await asked.page.locator(".cell.path .meter-value").count(), 1);
    await asked.close();
  });

  test("names that look like markup stay text", async () => {
    const run = interpolate("wicked", { classifier: model("wicked_classifier") });
    const { page, close } = await open(run);
    assert.notEqual(await page.title(), "broken");
    assert.match(await page.locator("h1").textContent(), /<\/script><script>document\.title='broken'<\/script>/);
    assert.equal(await page.locator("#app img, #app script").count(), 0);
    await close();
    const html = readFileSync(join(run, "report.html"), "utf8");
    assert.ok(!html.includes("<script>document.title"));
    execFileSync(program, ["report", "--plain", run]);
    const plain = await open(run);
    assert.match(await plain.page.locator("h1").textContent(), /<script>document\.title/);
    assert.equal(await plain.page.locator("script").count(), 0);
    assert.ok((await plain.page.locator("img").count()) >= 1, "the plain page has the strip");
    assert.ok((await plain.page.locator("table").count()) >= 3, "and tables");
    await plain.close();
  });

  test("500 pairs: below 30 MB, soon there, pictures on demand", async () => {
    const run = interpolate("many", { pairs: path("models", "five_hundred.npy"), from: null, to: null, segments: 4, "max-iterations": 1, init: "linear", ramp: "off", strips: 1 });
    assert.ok(statSync(join(run, "report.html")).size < 30e6);
    let fastest = Infinity;
    for (let attempt = 0; attempt < 3 && fastest > 2000; ++attempt) {
      const { page, close } = await open(run);
      fastest = Math.min(fastest, await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd));
      if (attempt === 0) {
        assert.equal(await page.locator("table.pairs tbody tr").count(), 500);
        const drawn = await page.locator("canvas.thumbs").evaluateAll((all) => all.map((canvas) => canvas.getContext("2d").getImageData(0, 0, 56, 56).data.some((value) => value !== 0)));
        assert.ok(drawn[0] && !drawn[499], "only the thumbnails in sight are drawn");
        await page.locator("table.pairs tbody tr").nth(499).scrollIntoViewIfNeeded();
        await page.locator("table.pairs tbody tr").nth(499).click();
        await page.waitForTimeout(150);
        assert.ok(await ink(page.locator("canvas.thumbs").nth(499)));
        assert.match(await page.locator("#pair-verdict .brand").textContent(), /Pair 500 of 500/);
        assert.ok(await ink(page.locator(".cell.path canvas")));
      }
      await close();
    }
    // 0.8 s on an idle machine with two cores; a busy one decides nothing about the page.
    console.log(`# 500 pairs: loaded in ${Math.round(fastest)} ms`);
    assert.ok(fastest < 60000, `the page took ${fastest} ms to load`);
  });
});

describe("other kinds of run", () => {
  test("the command that made a run stands below, as text", async () => {
    const { page, close } = await open(fixture("sphere", sphere()));
    const command = page.locator("#settings pre.command");
    assert.equal(await command.isVisible(), false);
    await page.locator("#settings summary", { hasText: "Command" }).click();
    assert.equal(await command.textContent(), "latentpath geodesic --manifold sphere <b>");
    await close();
  });

  test("a surface can be turned, by mouse and by keyboard, through the stages", async () => {
    const { page, close } = await open(fixture("sphere", sphere()));
    const canvas = page.locator("#space");
    await canvas.scrollIntoViewIfNeeded();
    const seen = new Set([await ink(canvas)]);
    const first = Number(await canvas.getAttribute("data-turn"));
    const box = await canvas.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 90, box.y + box.height / 2 + 30, { steps: 4 });
    await page.mouse.up();
    const turned = Number(await canvas.getAttribute("data-turn"));
    assert.ok(Math.abs(turned - (first - 0.6)) < 0.002, "90 pixels turn it by 0.6 radians");
    seen.add(await ink(canvas));
    await canvas.focus();
    await page.keyboard.press("ArrowLeft");
    assert.ok(Math.abs(Number(await canvas.getAttribute("data-turn")) - (turned + 0.1)) < 0.002);
    seen.add(await ink(canvas));
    await page.keyboard.press("+");
    seen.add(await ink(canvas));
    await page.locator("#stage").fill("0");
    seen.add(await ink(canvas));
    assert.match(await page.locator("#scene .reading").textContent(), /Stage 1 of 4: 8 segments, cost 4\.49/);
    assert.equal(seen.size, 5);
    await close();
  });

  test("a plane shows its quality and the stages", async () => {
    const { page, close } = await open(fixture("disc", disc()));
    assert.equal(await page.locator("#scene svg image").count(), 1);
    const lines = () => page.locator("#scene svg g[aria-label=line] path").count();
    const all = await lines();
    await page.locator("#stage").fill("0");
    assert.ok((await lines()) < all);
    await close();
  });

  test("molecules stand in a table, a pair of a list at a time", async () => {
    const { page, close } = await open(fixture("molecules", molecules()));
    assert.match(await page.locator("h1").textContent(), /1 of 2 pairs/);
    assert.deepEqual(await page.locator("#molecules tbody tr:nth-child(2) :is(th, td)").allTextContents().then((cells) => cells.slice(0, 3)), ["CC(N)=O", "-0.51", "-0.41"]);
    assert.match(await page.locator("#molecules thead").textContent(), /log P/);
    await page.locator("#molecules select").selectOption("1");
    assert.match(await page.locator("#molecules .verdict").textContent(), /is not reached/);
    assert.equal(await page.locator("#molecules tbody tr:nth-child(3) th").textContent(), "<b>C</b> (given)"); // text, not markup
    await close();
  });

  test("measures move with the slider", async () => {
    const { page, close } = await open(fixture("measures", measures()));
    const heights = () => page.locator(".measure").first().locator("svg g[aria-label=dot]").last().locator("circle").evaluateAll((dots) => dots.map((dot) => dot.getAttribute("cy")).join());
    const before = await heights();
    await page.locator("#measure-time").fill("700");
    assert.notEqual(await heights(), before);
    assert.equal(await page.locator(".measure").count(), 2);
    assert.match(await page.locator("#measures h2").textContent(), /lower bound is reached: by “mixture”/);
    await close();
  });

  test("geodesics and measures can be taken along", async () => {
    for (const [kind, data, first, lines] of [
      ["geodesic", disc(), "curve,node,x,y", 65],
      ["measures", measures(), "kind,time,point,x,y,weight", 11 * 40],
    ]) {
      const { page, close } = await open(fixture(`take-${kind}`, data));
      const svg = await download(page, "#download-svg");
      assert.equal(svg.name, `latentpath-${kind}.svg`);
      const text = svg.bytes.toString();
      assert.match(text, /^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
      assert.doesNotMatch(text, /var\(--|currentColor/, "it needs no page around it");
      for (const word of kind === "measures" ? ["Orange:", "0.00"] : data.curves.map((curve) => curve.name)) assert.ok(text.includes(word), `what the colours mean: ${word}`);
      const png = await download(page, "#download-png");
      assert.equal(png.bytes.subarray(1, 4).toString(), "PNG");
      assert.ok(png.bytes.readUInt32BE(16) > 400 && png.bytes.length > 3000);
      const rows = (await download(page, "#download-points")).bytes.toString().trimEnd().split("\n");
      assert.equal(rows[0], first);
      assert.ok(rows.length > lines);
      if (kind === "measures") assert.match((await download(page, "#download-figures")).bytes.toString(), /^name,cost,ratio_to_bound\ndisplacement,0.161,1.87\n/);
      await close();
    }
    const { page, close } = await open(fixture("take-sphere", sphere()));
    assert.equal(await page.locator("#download-svg").count(), 0, "a surface is no drawing of lines");
    assert.equal((await download(page, "#download-png")).bytes.subarray(1, 4).toString(), "PNG");
    await close();
  });

  test("an evaluation has bars with error bars and a table", async () => {
    const { page, close } = await open(fixture("evaluation", evaluation()));
    assert.equal(await page.locator("#metric-p svg g[aria-label=bar] rect").count(), 12);
    assert.equal(await page.locator("#metric-p svg g[aria-label=rule] line").count(), 12 + 3);
    assert.equal(await page.locator("#means td.best").count(), 6 + 2 * 3, "a tie is won by both");
    assert.equal(await page.locator("#metric-share h2").textContent(), "share");
    // Means over five pairs are no rivals of means over a hundred, however good.
    assert.equal(await page.locator("#means tr", { hasText: "paper (5 pairs)" }).locator("td.best").count(), 0);
    assert.match(await page.locator("#metric-p h2").textContent(), /LatentPath has the best class probability on 3 of 3 rows/);
    assert.match(await page.locator("#metric-p .heat-legend").textContent(), /paper \(5 of 100 pairs\)/);
    assert.match(await page.locator("#means").textContent(), /<b>7<\/b>/);
    assert.match(await page.locator("#means").textContent(), /0\.85 ± 0\.04/);
    assert.equal(await page.locator("#along-quality svg g[aria-label=line] path").count(), 12);
    assert.equal(await page.locator("#along-step svg g[aria-label=line] path").count(), 12);
    assert.equal(await page.locator("#along-probability").count(), 0);
    await close();
  });

  test("a kind that this page does not know is said to be so", async () => {
    const { page, close } = await open(fixture("future", { kind: "teleport" }));
    assert.match(await page.locator("main").textContent(), /knows no runs of the kind “teleport”/);
    await close();
  });
});

test("what is no run is refused in a sentence", () => {
  const refusal = spawnSync(program, ["report", path("models")], { encoding: "utf8" });
  assert.equal(refusal.status, 3);
  assert.match(refusal.stderr, /^latentpath: .*has no report\/data\.json.*\n$/);
});

describe("numbers for people", () => {
  test("are written by the rule of core/figure_text.h: its examples", async () => {
    const { transformSync } = require("esbuild");
    const source = readFileSync(join(repository, "viewer/src/format.ts"), "utf8");
    const { number, fixed } = await import(`data:text/javascript,${encodeURIComponent(transformSync(source, { loader: "ts", format: "esm" }).code)}`);
    const examples = readFileSync(join(repository, "tests/core/figure_text_test.cpp"), "utf8").matchAll(/\{(-?[\d.e+-]+), "([^"]+)"\}/g);
    let checked = 0;
    for (const [, value, text] of examples) {
      assert.equal(number(Number(value)), text, value);
      ++checked;
    }
    assert.ok(checked >= 15);
    assert.equal(number(99.7, 2), "100");
    assert.equal(fixed(0.88496), "0.88");
    assert.equal(fixed(-0.004), "0.00");
    assert.equal(fixed(-0.4, 0), "0");
    assert.equal(fixed(-0.006), "-0.01");
  });
});
