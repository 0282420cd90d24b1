// Opens every HTML report of a folder in Chromium over file:// and checks what only a browser can
// say: no request, no policy violation, axe without violations, every control reached by keyboard,
// the copy button copies the exact command, filter and sort are fast, the first screen fits, the
// print is short. Screenshots go to FOLDER/shots when SHOTS is set.
//
//   node check.mjs FOLDER [PATTERN]        CHROMIUM=/usr/bin/chromium

import { readdirSync, readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = resolve(process.argv[2] ?? ".");
const pattern = new RegExp(process.argv[3] ?? "");
const files = readdirSync(folder).filter((name) => name.endsWith(".html") && name !== "index.html" && pattern.test(name));
const failures = [];
const fail = (file, what) => { failures.push(`${file}: ${what}`); console.log(`FAIL ${file}: ${what}`); };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

async function open(file, options) {
  const context = await browser.newContext({ bypassCSP: false, ...options });
  const page = await context.newPage();
  const url = pathToFileURL(join(folder, file)).href;
  const seen = { requests: [], violations: [], errors: [], dialogs: 0 };
  page.on("request", (request) => { if (request.url() !== url) seen.requests.push(request.url()); });
  page.on("dialog", (dialog) => { seen.dialogs += 1; dialog.dismiss(); });
  page.on("console", (message) => { if (/Content Security Policy/i.test(message.text())) seen.violations.push(message.text()); });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  await page.goto(url, { waitUntil: "load" });
  return { context, page, seen };
}

function quiet(file, what, seen) {
  if (seen.requests.length) fail(file, `${what}: ${seen.requests.length} requests, first ${seen.requests[0].slice(0, 90)}`);
  if (seen.violations.length) fail(file, `${what}: policy violation ${seen.violations[0].slice(0, 160)}`);
  if (seen.errors.length) fail(file, `${what}: script error ${seen.errors[0]}`);
  if (seen.dialogs) fail(file, `${what}: a dialog opened`);
}

// Every theme and width, with and without script: silence, no sideways scrolling, axe.
async function looks(file, colorScheme, width, javaScriptEnabled) {
  const height = width === 320 ? 640 : 720;
  const { context, page, seen } = await open(file, { colorScheme, viewport: { width, height }, javaScriptEnabled, reducedMotion: "reduce" });
  const what = `${colorScheme} ${width}${javaScriptEnabled ? "" : " no script"}`;
  if (process.env.SHOTS && javaScriptEnabled) {
    mkdirSync(join(folder, "shots"), { recursive: true });
    await page.screenshot({ path: join(folder, "shots", `${file.replace(/html$/, "")}${colorScheme}.${width}.png`) });
  }
  if (!javaScriptEnabled) {
    const text = await page.locator("main").innerText();
    if (text.length < 200) fail(file, `${what}: only ${text.length} characters to read`);
    quiet(file, what, seen);
    await context.close();
    return;
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 1) fail(file, `${what}: the page is ${wide} px too wide`);
  if (width === 1280) {
    const bottom = await page.evaluate(() => document.querySelector(".screen").getBoundingClientRect().bottom);
    if (bottom > height) fail(file, `${what}: the first screen ends at ${Math.round(bottom)} px`);
  }
  await page.evaluate(() => document.querySelectorAll("details").forEach((node) => { node.open = true; }));
  if (!file.startsWith("huge")) {
    // Evaluated over the protocol: the page's own policy stays as it is.
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    for (const violation of result.violations) {
      fail(file, `${what}: axe ${violation.id} (${violation.nodes.length}): ${violation.nodes[0].target.join(" ")} ${violation.nodes[0].failureSummary.split("\n")[1] ?? ""}`);
    }
  }
  quiet(file, what, seen);
  await context.close();
}

// Every control is reached by Tab, in view, with a visible focus, and large enough.
async function keyboard(file) {
  const { context, page } = await open(file, { viewport: { width: 1280, height: 720 }, reducedMotion: "reduce" });
  const controls = await page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")];
    return all.filter((node) => node.checkVisibility({ contentVisibilityAuto: false, visibilityProperty: true }) && node.getClientRects().length).length;
  });
  const reached = new Set();
  for (let step = 0; step < controls * 2 + 20; step += 1) {
    await page.keyboard.press("Tab");
    const state = await page.evaluate(() => {
      const node = document.activeElement;
      if (!node || node === document.body) return null;
      window.order ??= new Map();
      if (!window.order.has(node)) window.order.set(node, window.order.size);
      const box = node.getBoundingClientRect(), style = getComputedStyle(node);
      const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      const inView = box.bottom > 0 && box.top < innerHeight;
      const small = node.tagName === "BUTTON" && (box.width < 24 || box.height < 24);
      return { id: window.order.get(node), name: node.outerHTML.slice(0, 80), seen, inView, small };
    });
    if (!state) continue;
    if (!state.seen) { fail(file, `no visible focus on ${state.name}`); break; }
    if (!state.inView) { fail(file, `focus out of view on ${state.name}`); break; }
    if (state.small) { fail(file, `target below 24 px: ${state.name}`); break; }
    reached.add(state.id);
    if (reached.size >= controls) break;
  }
  if (reached.size < controls) fail(file, `keyboard reaches ${reached.size} of ${controls} controls`);
  await context.close();
}

async function copies(file) {
  const { context, page } = await open(file, { viewport: { width: 1280, height: 720 } });
  const button = page.locator("button.copy").first();
  if (await button.count()) {
    await page.evaluate(() => {
      window.copied = null;
      Object.defineProperty(navigator, "clipboard", { value: { writeText: (text) => { window.copied = text; return Promise.resolve(); } } });
    });
    await button.click();
    const [copied, shown] = await page.evaluate(() => [window.copied, document.querySelector("button.copy").parentNode.querySelector("code").textContent]);
    if (copied !== shown) fail(file, `copied ${JSON.stringify(copied)} instead of ${JSON.stringify(shown)}`);
    await page.waitForFunction(() => document.getElementById("status").textContent !== "", null, { timeout: 2000 })
      .catch(() => fail(file, "copying is not announced"));
  }
  await context.close();
}

// Sorts both ways and filters; on the largest table of the page, 5,000 rows at least.
async function tables(file) {
  const { context, page } = await open(file, { viewport: { width: 1280, height: 720 } });
  const result = await page.evaluate(async () => {
    const table = document.getElementById("findings-table");
    if (!table) return null;
    const body = table.tBodies[0], first = body.rows[0];
    while (body.rows.length < 5000) {
      const row = first.cloneNode(true);
      row.removeAttribute("id");
      row.cells[2].append(` copy ${body.rows.length}`);
      body.append(row);
    }
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const input = document.querySelector("input.filter");
    input.value = "z"; input.dispatchEvent(new Event("input"));
    await frame();
    let worst = 0;
    for (const value of ["c", "co", "copy", "copy 49", "copy 499", ""]) {
      const start = performance.now();
      input.value = value;
      input.dispatchEvent(new Event("input"));
      worst = Math.max(worst, performance.now() - start);
      if (value === "copy 4999") break;
    }
    input.value = "copy 4999"; input.dispatchEvent(new Event("input"));
    const shown = [...body.rows].filter((row) => !row.hidden).length;
    input.value = ""; input.dispatchEvent(new Event("input"));
    const head = table.tHead.rows[0].cells[4], sort = head.querySelector("button");
    sort.click();
    const up = [...body.rows].map((row) => +row.cells[4].getAttribute("data-sort"));
    sort.click();
    const down = [...body.rows].map((row) => +row.cells[4].getAttribute("data-sort"));
    const sorted = (list, order) => list.every((value, index) => !index || order * (value - list[index - 1]) >= 0);
    return { worst, shown, up: sorted(up, 1), down: sorted(down, -1), aria: head.getAttribute("aria-sort") };
  });
  if (result) {
    if (result.worst > 100) fail(file, `a key of the filter takes ${Math.round(result.worst)} ms`);
    if (result.shown !== 1) fail(file, `the filter shows ${result.shown} rows instead of 1`);
    if (!result.up || !result.down || result.aria !== "descending") fail(file, `sorting: ${JSON.stringify(result)}`);
  }
  await context.close();
}

async function print(file) {
  for (const javaScriptEnabled of [true, false]) {
    const { context, page } = await open(file, { javaScriptEnabled });
    const pdf = await page.pdf({ format: "A4", preferCSSPageSize: true });
    const pages = (pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length;
    if (pages > 12) fail(file, `prints on ${pages} pages${javaScriptEnabled ? "" : " without script"}`);
    await context.close();
  }
}

for (const file of files) {
  const before = failures.length;
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [320, 1280]) await looks(file, colorScheme, width, true);
  }
  await looks(file, "light", 1280, false);
  if (!file.startsWith("huge")) {
    await keyboard(file);
    await copies(file);
    await tables(file);
    await print(file);
  } else {
    await tables(file);
  }
  console.log(`${failures.length === before ? "ok  " : "BAD "} ${file}`);
}
await browser.close();
console.log(`${files.length} pages, ${failures.length} failures`);
process.exit(failures.length ? 1 : 0);
