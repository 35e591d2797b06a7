// Builds script and style of the office pages: hashed names, a manifest that says them, and each file compressed.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const SMALL = 200; // bytes; below, compressing saves nothing worth a file

function compressed() {
  return {
    name: "compressed",
    writeBundle(options, bundle) {
      for (const name of Object.keys(bundle)) {
        const path = join(options.dir, name);
        const bytes = readFileSync(path);
        if (!name.startsWith("assets/") || bytes.length < SMALL) continue;
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 };
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: quality }));
      }
    },
  };
}

export default {
  base: "/office/static/",
  publicDir: false,
  plugins: [compressed()],
  build: {
    outDir: "out",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "chrome114",
    modulePreload: false,
    // What every page loads (office.js, office.css), and what a part of the office loads besides.
    rolldownOptions: { input: readdirSync("src").filter(name => /\.(js|css)$/.test(name)).map(name => `src/${name}`) },
  },
};
