import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

/** Ends the page with the licences of the packages that are in it: it is passed on, and they go along. */
function licences() {
  const folders = new Map(); // name of the package → its folder
  return {
    name: "licences",
    enforce: "post",
    moduleParsed({ id }) {
      const match = /^\0?(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id.replaceAll("\\", "/"));
      if (match) folders.set(match[2], match[1]);
    },
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const names = new Map(); // text of a licence → packages under it
        for (const [name, folder] of [...folders].sort()) {
          const { version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
          const file = existsSync(folder) && readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
          const text = file ? readFileSync(join(folder, file), "utf8").trim() : `${license} licence, ${author?.name ?? author ?? ""}`;
          names.set(text, [...(names.get(text) ?? []), `${name} ${version}`]);
        }
        const all = [...names].map(([text, packages]) => `${packages.join(", ")}:\n${text}`).join("\n\n");
        const page = Object.values(bundle).find((file) => file.fileName.endsWith(".html"));
        page.source += `<!-- This page contains:\n\n${all.replaceAll("--", "- -")}\n-->\n`;
      },
    },
  };
}

// One HTML file a page, without a single reference to another: the program embeds them, and puts the data into that of
// reports. `--mode explore` builds the page of `latentpath explore` beside it.
export default defineConfig(({ mode }) => ({
  plugins: [viteSingleFile({ removeViteModuleLoader: true }), licences()],
  build: {
    target: "es2020",
    assetsInlineLimit: 1e8,
    modulePreload: false,
    reportCompressedSize: false,
    emptyOutDir: mode !== "explore",
    rollupOptions: { input: mode === "explore" ? "explore.html" : "index.html" },
  },
}));
