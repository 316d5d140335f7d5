// The page of `latentpath explore` in headless Chromium: how soon answers come, and what minutes of random clicks do.
//
//   LATENTPATH_BROWSER=/usr/bin/chromium node benchmarks/explore.mjs build/release/bin/latentpath \
//     build/release/viewer/source/node_modules --minutes 30 [--picture docs/images/explore.png]
//
// Prints a line a measurement, and a line a minute of the clicks: memory of the program and of the page.

import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { answered, launch, open, random, randomDeed, serve } from "../tests/viewer/explore_page.mjs";

const [program, packages] = process.argv.slice(2).map((argument) => resolve(argument));
const option = (name, usual) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : process.argv[at + 1];
};
const minutes = Number(option("minutes", "1"));
const picture = option("picture", "");
const decoder = option("decoder", "mnist-vae-8");
process.env.LATENTPATH_BROWSER ??= "/usr/bin/chromium";
const { chromium } = createRequire(join(packages, "any.js"))("playwright-core");

const work = mkdtempSync(join(tmpdir(), "latentpath-explore-"));
const served = await serve(program, ["--decoder", decoder, "--classifier", "mnist-classifier", "--favor", "8", "--from", "seed:23", "--to", "seed:30", "--out", join(work, "runs")]);
const browser = await launch(chromium);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Seconds from a question to the first frames, the first path, the path and the answer, as the page shows them; and of
 *  processor time, until the path and until the answer. */
async function timings(page) {
  await page.waitForTimeout(300);
  const before = served.processor();
  await page.evaluate(() => {
    const { dataset } = document.body;
    const begin = performance.now();
    const number = Number(dataset.asked) + 1;
    const times = (window.times = {});
    const look = () => {
      for (const key of ["line", "path", "found", "answer"]) if (!(key in times) && Number(dataset[key]) === number) times[key] = (performance.now() - begin) / 1000;
      if (!("answer" in times)) requestAnimationFrame(look);
    };
    document.querySelector("#handle-to").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
    look();
  });
  await page.waitForFunction(() => "found" in window.times, undefined, { timeout: 120_000 });
  const found_processor = served.processor() - before;
  await page.waitForFunction(() => "answer" in window.times, undefined, { timeout: 120_000 });
  return { ...(await page.evaluate(() => window.times)), found_processor, processor: served.processor() - before };
}

try {
  const { page, troubles, close } = await open(browser, served.address, picture ? { width: 1160, height: 1130 } : {});
  await answered(page);
  if (picture) {
    await page.waitForTimeout(500);
    await page.screenshot({ path: picture });
  }
  const all = [];
  for (let i = 0; i < (minutes > 0 ? 9 : 1); ++i) {
    all.push(await timings(page));
  }
  for (const [key, what] of [["line", "first frames"], ["path", "first path"], ["found", "the path of interpolate"], ["answer", "its report"], ["found_processor", "processor time until the path"], ["processor", "processor time in all"]])
    console.log(`${what}: median ${median(all.map((each) => each[key] ?? NaN)).toFixed(2)} s, worst ${Math.max(...all.map((each) => each[key] ?? NaN)).toFixed(2)} s`);

  const draw = random(1);
  const begin = Date.now();
  let deeds = 0;
  for (let minute = 0; Date.now() < begin + minutes * 60_000; ) {
    await randomDeed(page, draw);
    ++deeds;
    if (Date.now() < begin + minute * 60_000) continue;
    ++minute;
    const heap = await page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0);
    console.log(`${((Date.now() - begin) / 60_000).toFixed(1)} min, ${deeds} deeds: program ${served.memory().toFixed(0)} MB, ${served.threads()} threads; page ${(heap / 2 ** 20).toFixed(0)} MB; troubles ${troubles.length}`);
  }
  for (const trouble of troubles) console.log(`trouble: ${trouble}`);
  await close();
  process.exitCode = troubles.length > 0 ? 1 : 0;
} finally {
  await browser.close();
  console.log(`exit code ${await served.end()}`);
  rmSync(work, { recursive: true, force: true });
}
