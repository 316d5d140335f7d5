// The page of `latentpath explore` in a browser: what its test and benchmarks/explore.mjs share.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** Starts the program; its `address` is that of the page. */
export async function serve(program, options) {
  const child = spawn(program, ["explore", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes) => (said += bytes));
  const address = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`explore ended with ${code}: ${said}`)));
  });
  return {
    address,
    said: () => said,
    /** Of the program: MB of memory, seconds of processor time. */
    memory: () => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) / 1024,
    processor: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    threads: () => Number(/Threads:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]),
    end: () =>
      new Promise((resolve) => {
        child.removeAllListeners("exit");
        child.once("exit", resolve);
        child.kill("SIGINT");
      }),
  };
}

/** Opens the page; whatever complains, or asks anybody but the program, is a trouble. */
export async function open(browser, address, { width = 1280, height = 900, dark = false } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  const page = await context.newPage();
  const troubles = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("dialog", (dialog) => (troubles.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => {
    if (!request.url().startsWith(address) && !/^(data|blob):/.test(request.url())) troubles.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  await page.waitForSelector("#handle-from");
  return { page, troubles, close: () => context.close() };
}

/** Waits for the answer to what was asked last. */
export const answered = (page, timeout = 60_000) =>
  page.waitForFunction(() => document.body.dataset.asked !== undefined && document.body.dataset.answer === document.body.dataset.asked, undefined, { timeout });

/** One random thing that a person could do. */
export async function randomDeed(page, draw) {
  // What is clicked may be drawn anew at any moment: found and clicked in one go, at its middle.
  const click = (selector) =>
    page.evaluate(
      ([wanted, share]) => {
        const all = document.querySelectorAll(wanted);
        const one = all[Math.floor(share * all.length)];
        if (!one) return;
        const box = one.getBoundingClientRect();
        const at = { bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, buttons: 1 };
        one.dispatchEvent(new PointerEvent("pointerdown", at));
        one.click();
      },
      [selector, draw()],
    );
  const slide = (selector, share) =>
    page.evaluate(
      ([wanted, one, to]) => {
        const all = document.querySelectorAll(wanted);
        const slider = all[Math.floor(one * all.length)];
        if (!slider) return;
        slider.value = String(Number(slider.min) + to * (Number(slider.max) - Number(slider.min)));
        slider.dispatchEvent(new Event("input", { bubbles: true }));
      },
      [selector, draw(), share],
    );
  const deeds = {
    drag: async () => {
      // The plane is drawn anew with every answer: found and looked at in one go.
      const [x, y] = await page.evaluate((selector) => {
        const knob = document.querySelector(selector);
        knob.scrollIntoView({ block: "center" });
        const box = knob.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
      }, draw() < 0.5 ? "#handle-from .knob" : "#handle-to .knob");
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x + 160 * (draw() - 0.5), y + 160 * (draw() - 0.5), { steps: 4 });
      await page.mouse.up();
    },
    arrow: async () => {
      await page.evaluate((selector) => document.querySelector(selector).focus(), draw() < 0.5 ? "#handle-from" : "#handle-to");
      await page.keyboard.press(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"][Math.floor(4 * draw())]);
    },
    feature: () => click(".chip"),
    weight: () => slide(".weight input", draw()),
    sample: () => click(".sample-buttons button"),
    pin: () => click(".pin"),
    more: () => click("#more-samples"),
    view: () => click(".plane-choices label"),
    scrub: () => slide("#scrubber", draw()),
    strip: () => click(".strip"),
    play: () => click(".play"),
    keep: () => click("#keep:not(:disabled)"),
    kept: () => click(".row-buttons button:not([data-deed=export])"),
    wait: () => page.waitForTimeout(1500 * draw()),
  };
  const names = Object.keys(deeds);
  await deeds[names[Math.floor(draw() * names.length)]]();
}

/** Numbers in [0, 1), the same for the same seed. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const launch = (chromium) =>
  chromium.launch({
    executablePath: process.env.LATENTPATH_BROWSER,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
