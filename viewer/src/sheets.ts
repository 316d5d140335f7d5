// The frames of a pair: one picture that is decoded when it is first looked at.

import { embeddedFile, type CurveId, type Interpolation } from "./data";
import type { Curve } from "./curve";

const kept = 24; // decoded pictures at most: 500 of them would fill the memory of a phone

export class Sheets {
  private pictures = new Map<number, Promise<HTMLImageElement | null>>();

  constructor(private run: Interpolation) {}

  get size(): { width: number; height: number } | null {
    return this.run.output?.type === "image" ? this.run.output : null;
  }

  load(pair: number): Promise<HTMLImageElement | null> {
    let picture = this.pictures.get(pair);
    if (picture) {
      this.pictures.delete(pair); // the most recent is last
    } else {
      picture = this.decode(pair);
    }
    this.pictures.set(pair, picture);
    for (const oldest of this.pictures.keys()) {
      if (this.pictures.size <= kept) break;
      this.pictures.delete(oldest);
    }
    return picture;
  }

  private async decode(pair: number): Promise<HTMLImageElement | null> {
    const output = this.run.output;
    const text = embeddedFile(this.run.pairs[pair]?.pictures);
    if (!text || output?.type !== "image") return null;
    const image = new Image();
    image.src = `data:${output.format};base64,${text}`;
    try {
      await image.decode();
      return image;
    } catch {
      return null;
    }
  }

  /** Draws one frame of a curve into a box of a canvas. */
  draw(
    context: CanvasRenderingContext2D,
    picture: HTMLImageElement,
    pair: number,
    curve: Curve,
    frame: number,
    box: [number, number, number, number],
  ): void {
    const size = this.size;
    const columns = this.run.pairs[pair]?.columns ?? 1;
    if (!size) return;
    const cell = this.offset(pair, curve.id) + frame;
    context.imageSmoothingEnabled = box[2] < size.width; // enlarged pixels stay what they are
    context.drawImage(picture, (cell % columns) * size.width, Math.floor(cell / columns) * size.height, size.width, size.height, ...box);
    if (curve.sampled.broken?.includes(frame)) hatch(context, box);
  }

  private offset(pair: number, curve: CurveId): number {
    const data = this.run.pairs[pair]!;
    let offset = 0;
    for (const id of ["linear", "spherical", "path"] as CurveId[]) {
      if (id === curve) break;
      offset += data[id]?.frames.length ?? 0;
    }
    return offset;
  }
}

/** Marks a picture that holds values which are no numbers. */
function hatch(context: CanvasRenderingContext2D, [x, y, width, height]: [number, number, number, number]): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.fillStyle = "#777";
  context.fillRect(x, y, width, height);
  context.strokeStyle = "#bbb";
  context.lineWidth = Math.max(1, width / 30);
  for (let offset = -height; offset < width; offset += Math.max(4, width / 8)) {
    context.beginPath();
    context.moveTo(x + offset, y + height);
    context.lineTo(x + offset + height, y);
    context.stroke();
  }
  context.fillStyle = "#fff";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `600 ${Math.max(8, width / 5)}px system-ui, sans-serif`;
  if (width > 24) context.fillText("NaN", x + width / 2, y + height / 2);
  context.restore();
}
