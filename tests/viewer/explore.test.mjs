// The page of `latentpath explore` as people use it, in headless Chromium, with a small model of two latents.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execFileSync, spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { answered, launch, open, random, randomDeed, serve } from "./explore_page.mjs";

const here = import.meta.dirname ?? resolve(new URL(".", import.meta.url).pathname);
const require = createRequire(join(process.env.LATENTPATH_PACKAGES, "any.js"));
const { chromium } = require("playwright-core");
const program = process.env.LATENTPATH_PROGRAM;
const built = !spawnSync(program, ["explore", "--help"], { encoding: "utf8" }).stdout.includes("not in this build");

describe("exploring", { skip: built ? false : "the program was built without cpp-httplib" }, () => {
  let work, browser, program_;
  before(async () => {
    work = mkdtempSync(join(tmpdir(), "latentpath-explore-"));
    browser = await launch(chromium);
    execFileSync(process.env.LATENTPATH_PYTHON, [join(here, "report_models.py"), join(work, "models")], { stdio: ["ignore", "ignore", "inherit"] });
    const model = (name) => join(work, "models", `${name}.pt`);
    program_ = await serve(program, ["--decoder", model("tanh"), "--classifier", model("unit_classifier"), "--favor", "8", "--segments", "16", "--threads", "1", "--out", join(work, "runs")]);
  });
  after(async () => {
    await browser?.close();
    assert.equal(await program_?.end(), 0, program_?.said());
    rmSync(work, { recursive: true, force: true });
  });

  test("a page shows a path, improves it while an end is dragged, and is scrubbed", async () => {
    const { page, troubles, close } = await open(browser, program_.address);
    await answered(page);
    assert.match(await page.locator("h1").textContent(), /P\(8\)/);
    const label = (which) => page.locator(`#handle-${which}`).getAttribute("aria-label");
    const before_ = await label("to");
    const asked = Number(await page.evaluate(() => document.body.dataset.asked));
    const knob = await page.locator("#handle-to .knob").boundingBox();
    await page.mouse.move(knob.x + knob.width / 2, knob.y + knob.height / 2);
    await page.mouse.down();
    await page.mouse.move(knob.x - 20, knob.y + 25, { steps: 5 });
    await page.waitForFunction((number) => Number(document.body.dataset.line) > number, asked); // before it is let go
    await page.mouse.up();
    assert.notEqual(await label("to"), before_);
    await answered(page);
    const frame = () => page.locator(".cell.path canvas").evaluate((canvas) => canvas.toDataURL());
    await page.locator("#scrubber").fill("0");
    const first = await frame();
    await page.locator("#scrubber").fill("1000");
    assert.notEqual(await frame(), first);
    assert.match(await page.locator(".time").textContent(), /1\.00/);
    assert.deepEqual(troubles, []);
    await close();
  });

  test("features are favoured, avoided and left alone; a sample becomes an end", async () => {
    const { page, troubles, close } = await open(browser, program_.address);
    await answered(page);
    const chip = page.locator('.chip[data-feature="3"]');
    await chip.click();
    assert.match(await chip.getAttribute("class"), /favor/);
    await answered(page);
    await chip.click();
    assert.match(await chip.getAttribute("class"), /avoid/);
    await chip.click();
    assert.match(await chip.getAttribute("class"), /none/);
    await page.waitForSelector(".sample");
    const sample = page.locator(".sample").nth(4);
    await sample.locator(".to").click();
    await page.waitForFunction(() => document.querySelectorAll(".sample.is-to").length === 1);
    await page.waitForTimeout(200); // a question is asked a moment later
    await answered(page);
    assert.match(await page.locator("#command").textContent(), /--to seed:4/);
    assert.deepEqual(troubles, []);
    await close();
  });

  test("kept paths are compared, and an export is a run folder with a page", async () => {
    const { page, troubles, close } = await open(browser, program_.address);
    await answered(page);
    await page.click("#keep");
    await page.locator("#handle-from").focus();
    await page.keyboard.press("ArrowLeft");
    await page.waitForTimeout(200);
    await answered(page);
    await page.locator(".row-buttons button", { hasText: "Compare" }).click();
    assert.equal(await page.locator(".stage .cell").count(), 3);
    assert.equal(await page.locator(".kept tbody tr").count(), 3);
    await page.fill("#export-name", "../elsewhere");
    await page.click("#export");
    await page.waitForFunction(() => document.querySelector(".kept .status").textContent.includes("cannot be the name"));
    await page.fill("#export-name", "mine");
    await page.click("#export");
    await page.waitForFunction(() => document.querySelector(".kept .status").textContent.startsWith("Written"), undefined, { timeout: 60_000 });
    assert.ok(existsSync(join(work, "runs", "mine", "report.html")));
    const again = join(work, "again");
    const command = (await page.locator("#command").textContent()).split(" ");
    assert.equal(command[command.length - 1], join(work, "runs", "mine"));
    execFileSync(program, [...command.slice(1, -1), again, "--quiet"]);
    assert.ok(readFileSync(join(again, "path.npy")).equals(readFileSync(join(work, "runs", "mine", "path.npy"))));
    // The browser tells of the refused name by itself.
    assert.deepEqual(troubles.filter((text) => !/status of 400/.test(text)), []);
    await close();
  });

  test("the page fits narrow screens, in light and dark", async () => {
    for (const [width, dark] of [[1280, false], [800, true], [360, false]]) {
      const { page, troubles, close } = await open(browser, program_.address, { width, dark });
      await answered(page);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wider <= 0, `${wider} pixels hang over at ${width}`);
      assert.deepEqual(troubles, []);
      await close();
    }
  });

  test("two pages at once and random clicks for some seconds leave no error", async () => {
    const pages = [await open(browser, program_.address), await open(browser, program_.address)];
    const draw = random(3);
    const until = Date.now() + 8000;
    while (Date.now() < until) await randomDeed(pages[Math.floor(2 * draw())].page, draw);
    for (const { page, troubles, close } of pages) {
      await page.waitForTimeout(200);
      await page.waitForFunction(() => document.querySelector(".path > .status").textContent.match(/looked at in|prior/), undefined, { timeout: 60_000 });
      assert.deepEqual(troubles, []);
      await close();
    }
  });
});
