import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

// One HTML file without a single reference to another: the program embeds it and puts the data in.
export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true })],
  build: { target: "es2020", assetsInlineLimit: 1e8, modulePreload: false, reportCompressedSize: false },
});
