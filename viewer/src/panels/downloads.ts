// What the reader can take along: the strip as PNG, the morph as GIF, the points and figures as text.

import { GIFEncoder, applyPalette, quantize } from "gifenc";
import { bytesOf, curveIds, embeddedFile, type Interpolation } from "../data";
import { captionOf, curvesOf, hasQuality } from "../curve";
import { curveStyles } from "../curve_style";
import { h, save } from "../dom";
import { fixed } from "../format";
import type { Sheets } from "../sheets";
import type { Store } from "../store";
import { csv, downloadRow, png } from "./download_row";

export function downloadButtons(run: Interpolation, store: Store, sheets: Sheets): HTMLElement {
  const isImage = run.output?.type === "image";
  return downloadRow(
    [
      isImage ? { id: "download-strip", text: "Strip, PNG", make: () => strip(run, store, sheets) } : null,
      isImage ? { id: "download-gif", text: "Morph, GIF", make: () => gif(run, store, sheets) } : null,
      run.points ? { id: "download-points", text: "Points, CSV", make: () => points(run, store) } : null,
      { id: "download-curves", text: "Curves, CSV", make: () => figures(run, store) },
    ],
    "Working …",
  );
}

function name(store: Store, ending: string): string {
  return `latentpath-pair-${store.view.pair + 1}${ending}`;
}

/** The three curves as rows of frames on white, as for a paper. */
async function strip(run: Interpolation, store: Store, sheets: Sheets): Promise<void> {
  const { pair, spacing } = store.view;
  const picture = await sheets.load(pair);
  const size = sheets.size;
  const curves = curvesOf(run, pair);
  const caption = captionOf(run);
  if (!picture || !size || curves.length === 0) throw new Error("There are no pictures of this pair.");
  const count = Math.min(12, curves[0]!.sampled.frames.length);
  const cell = Math.max(size.width, 96);
  const high = (cell * size.height) / size.width;
  const left = 130;
  const row = high + 26;
  const canvas = h("canvas", { width: Math.ceil(left + count * (cell + 4) + 8), height: Math.ceil(curves.length * row + 10) });
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.textBaseline = "middle";
  curves.forEach((curve, r) => {
    context.fillStyle = "#222";
    context.textAlign = "left";
    context.font = "600 15px system-ui, sans-serif";
    context.fillText(curveStyles[curve.id].name, 10, 10 + r * row + high / 2);
    context.font = "13px system-ui, sans-serif";
    context.textAlign = "center";
    for (let i = 0; i < count; ++i) {
      const frame = curve.frame(count > 1 ? i / (count - 1) : 0, spacing);
      sheets.draw(context, picture, pair, curve, frame, [left + i * (cell + 4), 10 + r * row, cell, high]);
      if (!caption) continue;
      const at = curve.position(curve.frameTime(frame), spacing);
      const value = curve.at(caption.values(curve), at, spacing);
      context.fillStyle = "#222";
      context.fillText(value === null ? "NaN" : fixed(value), left + i * (cell + 4) + cell / 2, 10 + r * row + high + 11);
    }
  });
  save(name(store, ".png"), await png(canvas, "The strip is too large for a picture."));
}

/** The three curves side by side, to the end and again. */
async function gif(run: Interpolation, store: Store, sheets: Sheets): Promise<void> {
  const { pair, spacing, speed } = store.view;
  const picture = await sheets.load(pair);
  const size = sheets.size;
  const curves = curvesOf(run, pair);
  if (!picture || !size || curves.length === 0) throw new Error("There are no pictures of this pair.");
  const cell = Math.max(size.width, Math.min(168, size.width * 6));
  const high = Math.round((cell * size.height) / size.width);
  const canvas = h("canvas", { width: curves.length * (cell + 8) - 8, height: high + 22 });
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const encoder = GIFEncoder();
  const count = Math.max(2, Math.min(60, curves[0]!.sampled.frames.length));
  for (let i = 0; i < count; ++i) {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    curves.forEach((curve, c) => {
      sheets.draw(context, picture, pair, curve, curve.frame(i / (count - 1), spacing), [c * (cell + 8), 0, cell, high]);
      context.fillStyle = "#222";
      context.font = "600 13px system-ui, sans-serif";
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(curveStyles[curve.id].name, c * (cell + 8) + cell / 2, high + 12);
    });
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const palette = quantize(data, 256);
    const ends = i === 0 || i === count - 1;
    encoder.writeFrame(applyPalette(data, palette), canvas.width, canvas.height, { palette, delay: ends ? 700 : Math.max(20, 4000 / count / speed), repeat: 0 });
    if (i % 8 === 7) await new Promise((resume) => setTimeout(resume));
  }
  encoder.finish();
  save(name(store, ".gif"), new Blob([encoder.bytes() as BlobPart], { type: "image/gif" }));
}

/** The nodes of our path, one a line, with their times. */
async function points(run: Interpolation, store: Store): Promise<void> {
  const text = embeddedFile(run.pairs[store.view.pair]?.points);
  if (!text || !run.points) throw new Error("The points of this pair are in path.npy.");
  const bytes = bytesOf(text);
  const wide = run.points.dtype === "float64";
  const values = wide ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
  const dim = values.length / run.points.nodes;
  const rows: unknown[][] = [["t", ...Array.from({ length: dim }, (_, k) => `z${k + 1}`)]];
  for (let i = 0; i < run.points.nodes; ++i)
    rows.push([run.points.times[i], ...Array.from(values.subarray(i * dim, (i + 1) * dim), (value) => Number(value.toPrecision(wide ? 17 : 9)))]);
  save(name(store, "-points.csv"), csv(rows));
}

/** What the plots show. */
async function figures(run: Interpolation, store: Store): Promise<void> {
  const pair = run.pairs[store.view.pair];
  const columns: [string, (i: number) => unknown][] = [];
  for (const id of curveIds) {
    const sampled = pair?.[id];
    if (!sampled) continue;
    if (hasQuality(run)) columns.push([`${id}_quality`, (i) => sampled.quality[i]]);
    if (sampled.feature) columns.push([`${id}_feature`, (i) => sampled.feature![i]]);
    if (sampled.prior) columns.push([`${id}_prior`, (i) => sampled.prior![i]]);
    columns.push([`${id}_speed`, (i) => sampled.speed[i]]);
  }
  if (columns.length === 0) throw new Error("The page holds no curves of this pair.");
  save(name(store, "-curves.csv"), csv([["t", ...columns.map(([title]) => title)], ...run.times.map((time, i) => [time, ...columns.map(([, value]) => value(i))])]));
}
