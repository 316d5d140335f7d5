// A row of downloads, and what several pages give away: tables as CSV, pictures as PNG.

import { h } from "../dom";

export interface Download {
  id: string;
  text: string;
  make: () => Promise<void>; // saves a file, or throws what the reader is told
}

/** `working`: what is said while a file is made. */
export function downloadRow(downloads: (Download | null)[], working = ""): HTMLElement {
  const status = h("span", { class: "status", role: "status" });
  const button = ({ id, text, make }: Download) =>
    h(
      "button",
      {
        type: "button",
        id,
        click: async () => {
          status.textContent = working;
          try {
            await make();
            status.textContent = "";
          } catch (error) {
            status.textContent = error instanceof Error ? error.message : "This could not be made.";
          }
        },
      },
      text,
    );
  return h(
    "div",
    { class: "downloads" },
    h("span", { class: "downloads-label" }, "Download"),
    ...downloads.map((download) => download && button(download)),
    status,
  );
}

const cell = (value: unknown) => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export const csv = (rows: unknown[][]) => new Blob([rows.map((row) => row.map(cell).join(",")).join("\n") + "\n"], { type: "text/csv" });

export async function png(canvas: HTMLCanvasElement, refusal: string): Promise<Blob> {
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new Error(refusal);
  return blob;
}
