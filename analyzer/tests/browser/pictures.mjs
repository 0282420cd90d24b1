// Takes pictures of every report of a folder: the first screen in both themes at both widths, and
// the whole page with everything unfolded.
//
//   node pictures.mjs FOLDER [PATTERN]        CHROMIUM=/usr/bin/chromium

import { mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { each, launch, open } from "./browser.mjs";

const folder = resolve(process.argv[2] ?? ".");
const pattern = new RegExp(process.argv[3] ?? "");
const files = readdirSync(folder).filter((name) => name.endsWith(".html") && name !== "index.html" && !name.startsWith("payload") && pattern.test(name));
const shots = join(folder, "shots");
mkdirSync(shots, { recursive: true });

const browser = await launch();
await each(files, 2, async (file) => {
  const { context, page } = await open(browser, folder, file, {});
  const take = (name, options) => page.screenshot({ path: join(shots, `${file.replace(/html$/, "")}${name}.png`), ...options });
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: width === 320 ? 700 : 720 });
      await take(`${colorScheme}.${width}`, {});
    }
  }
  if (!file.startsWith("huge")) {
    // What lies outside of the window is laid out only when something looks at it.
    await page.evaluate(() => document.querySelectorAll(".cause, .exhibit, tbody").forEach((node) => { node.style.contentVisibility = "visible"; }));
    await page.evaluate(() => document.querySelectorAll("details:not(.raw)").forEach((node) => { node.open = true; }));
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 720 });
      await page.emulateMedia({ colorScheme: width === 320 ? "dark" : "light", reducedMotion: "reduce" });
      await take(`whole.${width}`, { fullPage: true });
    }
  }
  await context.close();
});
await browser.close();
console.log(`${files.length} pages in ${shots}`);
