// Frames that have arrived: one picture that is cut up, or vectors drawn as bars.

import { isNumber, type Value } from "../data";
import type { Frames } from "./api";

export class Film {
  private constructor(
    readonly frames: Frames,
    private readonly image: HTMLImageElement | null,
  ) {}

  static async load(frames: Frames): Promise<Film> {
    if (!frames.picture) return new Film(frames, null);
    const image = new Image();
    image.src = frames.picture;
    await image.decode();
    return new Film(frames, image);
  }

  get size(): { width: number; height: number } {
    return { width: this.frames.width ?? 64, height: this.frames.height ?? 64 };
  }

  /** The frame nearest to a time. */
  at(time: number): number {
    const { times } = this.frames;
    let best = 0;
    for (let i = 1; i < times.length; ++i) if (Math.abs(times[i]! - time) < Math.abs(times[best]! - time)) best = i;
    return best;
  }

  value(time: number): Value | undefined {
    const { values, times } = this.frames;
    if (!values) return undefined;
    const i = Math.max(0, Math.min(times.length - 2, times.findIndex((t) => t >= time) - 1));
    const [a, b] = [values[i], values[i + 1]];
    if (!isNumber(a) || !isNumber(b)) return null;
    const width = times[i + 1]! - times[i]!;
    return width > 0 ? a + ((b - a) * (time - times[i]!)) / width : a;
  }

  /** The place at a time. */
  place(time: number): number[] {
    const { latents, times } = this.frames;
    if (latents.length < 2) return latents[0] ?? [];
    const i = Math.max(0, Math.min(times.length - 2, times.findIndex((t) => t >= time) - 1));
    const width = times[i + 1]! - times[i]!;
    const share = width > 0 ? (time - times[i]!) / width : 0;
    return latents[i]!.map((from, k) => from + share * (latents[i + 1]![k]! - from));
  }

  draw(context: CanvasRenderingContext2D, frame: number, [x, y, width, height]: [number, number, number, number]): void {
    const { width: w, height: h } = this.size;
    if (this.image) {
      const columns = this.frames.columns ?? 1;
      context.imageSmoothingEnabled = width < w; // enlarged pixels stay what they are
      context.drawImage(this.image, (frame % columns) * w, Math.floor(frame / columns) * h, w, h, x, y, width, height);
      return;
    }
    const vectors = this.frames.vectors ?? [];
    const all = vectors.flat().filter(isNumber);
    const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
    const values = vectors[frame] ?? [];
    const scale = height / (high > low ? high - low : 1);
    const styles = getComputedStyle(document.documentElement);
    context.fillStyle = styles.getPropertyValue("--track");
    context.fillRect(x, y, width, height);
    context.fillStyle = styles.getPropertyValue("--path");
    values.forEach((value, i) => {
      if (!isNumber(value)) return;
      const top = y + (high - Math.max(0, value)) * scale;
      context.fillRect(x + (i * width) / values.length, top, Math.max(1, width / values.length - 1), Math.max(1, Math.abs(value) * scale));
    });
  }
}

/** A canvas that shows one frame. */
export function showFrame(canvas: HTMLCanvasElement, film: Film | null, frame: number): void {
  const size = film?.size ?? { width: 64, height: 64 };
  const factor = Math.max(1, Math.ceil(256 / Math.max(size.width, size.height)));
  const [width, height] = [size.width * factor, size.height * factor];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, width, height);
  film?.draw(context, frame, [0, 0, width, height]);
}

/** A canvas that shows a strip of frames `width` wide, with a bar for the value under each; returns how many. A frame is about
 *  `least` pixels wide. */
export function showStrip(canvas: HTMLCanvasElement, film: Film | null, width: number, colour: string, least = 34): number {
  if (!film || width === 0) return 2;
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  const { size } = film;
  const bar = film.frames.values ? 7 : 0;
  const wanted = Math.max(least, Math.min(1.6 * least, (1.4 * least * size.width) / size.height));
  const count = Math.max(2, Math.min(film.frames.count, Math.floor(width / wanted)));
  const cell = width / count;
  const height = ((cell - 2) * size.height) / size.width;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round((height + bar) * ratio);
  canvas.style.height = `${height + bar}px`;
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  const styles = getComputedStyle(document.documentElement);
  for (let i = 0; i < count; ++i) {
    const time = i / (count - 1);
    const frame = film.at(time);
    film.draw(context, frame, [i * cell + 1, 0, cell - 2, height]);
    if (!bar) continue;
    context.fillStyle = styles.getPropertyValue("--track");
    context.fillRect(i * cell + 1, height + 2, cell - 2, 5);
    context.fillStyle = styles.getPropertyValue(colour);
    context.fillRect(i * cell + 1, height + 2, (cell - 2) * Math.min(1, Math.max(0, film.frames.values?.[frame] ?? 0)), 5);
  }
  return count;
}
