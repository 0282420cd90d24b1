// Opens every HTML report of a folder in Chromium over file:// and checks what only a browser can
// say: no request, no policy violation, axe without violations, every control reached by keyboard,
// the copy button copies the exact command, filter and sort are fast, the first screen fits, the
// print is short, nothing from a bundle comes alive. `cargo xtask gallery` writes the folder.
//
//   node check.mjs FOLDER [PATTERN]        CHROMIUM=/usr/bin/chromium

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { each, launch, open } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = resolve(process.argv[2] ?? ".");
const pattern = new RegExp(process.argv[3] ?? "");
const files = readdirSync(folder).filter((name) => name.endsWith(".html") && name !== "index.html" && pattern.test(name));
const screen = { width: 1280, height: 720 };
const failures = [];
const fail = (file, what) => { failures.push(`${file}: ${what}`); console.log(`FAIL ${file}: ${what}`); };
const totals = { requests: 0, violations: 0, axe: 0, controls: 0, copies: 0, keys: 0, prints: 0, payloads: 0 };
const worst = { key: 0, screen: 0, pages: 0, load: 0, elements: 0 };
const highest = (name, value) => { worst[name] = Math.max(worst[name], Math.round(value)); };

function quiet(file, what, seen) {
  totals.requests += seen.requests.length;
  totals.violations += seen.violations.length;
  if (seen.requests.length) fail(file, `${what}: ${seen.requests.length} requests, first ${seen.requests[0].slice(0, 90)}`);
  if (seen.violations.length) fail(file, `${what}: policy violation ${seen.violations[0].slice(0, 160)}`);
  if (seen.errors.length) fail(file, `${what}: script error ${seen.errors[0]}`);
  if (seen.dialogs) fail(file, `${what}: a dialog opened`);
}

async function violations(file, what, page, run) {
  const result = await page.evaluate((options) => window.axe.run(document, options), run);
  for (const violation of result.violations) {
    totals.axe += 1;
    fail(file, `${what}: axe ${violation.id} (${violation.nodes.length}): ${violation.nodes[0].target.join(" ")} ${violation.nodes[0].failureSummary.split("\n")[1] ?? ""}`);
  }
}

// As the page opens: few enough elements, and the first screen without scrolling.
async function opening(file, page) {
  const elements = await page.evaluate(() => document.querySelectorAll("*").length);
  highest("elements", elements);
  if (elements > (file.startsWith("huge") ? 30000 : 5000)) fail(file, `${elements} elements`);
  const bottom = await page.evaluate(() => document.querySelector(".screen").getBoundingClientRect().bottom);
  highest("screen", bottom);
  if (bottom > 720) fail(file, `the first screen ends at ${Math.round(bottom)} px`);
}

// Both themes and widths with script, everything unfolded: no sideways scrolling, axe.
async function looks(file, page) {
  const typical = !file.startsWith("huge");
  await inert(file, page);
  // Evaluated over the protocol: the page's own policy stays as it is.
  if (typical) await page.evaluate(axe);
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 720 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 1) fail(file, `${colorScheme} ${width}: the page is ${wide} px too wide`);
      if (!typical) continue;
      // What is no matter of colour is the same in both themes.
      const run = colorScheme === "light"
        ? { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }
        : { runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } };
      await violations(file, `${colorScheme} ${width}`, page, run);
    }
  }
  await page.setViewportSize(screen);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
}

// Every word of a page but the labels of its tools.
const wordsOf = async (page) => (await page.locator("main").textContent()).replace(/\s+/g, " ");

// Without script everything is there that is there with it, and prints as short.
async function scriptless(file, words, prints) {
  const { context, page, seen } = await open(browser, folder, file, { javaScriptEnabled: false, viewport: { width: 320, height: 720 } });
  const bare = await wordsOf(page);
  const hidden = await page.locator("main [hidden]:not(button):not(.filterbox)").count();
  if (hidden) fail(file, `no script: ${hidden} elements are hidden`);
  if (bare.length < 200 || bare !== words) fail(file, `no script: ${bare.length} characters, with script ${words.length}`);
  if (prints) await print(file, page, " without script");
  quiet(file, "no script", seen);
  await context.close();
}

// Every control is reached by Tab, in view, with a visible focus, and large enough.
async function keyboard(file, page) {
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
  totals.controls += reached.size;
  if (reached.size < controls) fail(file, `keyboard reaches ${reached.size} of ${controls} controls`);
}

// Every copy button copies the command beside it; the first one that of the report.
async function tools(file, page) {
  const report = JSON.parse(readFileSync(join(folder, file.replace(/html$/, "json")), "utf8"));
  await page.evaluate(() => {
    window.copied = [];
    Object.defineProperty(navigator, "clipboard", { value: { writeText: (text) => { window.copied.push(text); return Promise.resolve(); } } });
  });
  const buttons = page.locator("button.copy");
  const count = await buttons.count();
  if (count) {
    await buttons.first().click();
    await page.waitForFunction(() => document.getElementById("status").textContent !== "", null, { timeout: 2000 })
      .catch(() => fail(file, "copying is not announced"));
    await page.evaluate(() => { window.copied = []; document.querySelectorAll("button.copy").forEach((button) => button.click()); });
  }
  const [copied, shown] = await page.evaluate(() => [window.copied, [...document.querySelectorAll("button.copy")].map((button) => button.parentNode.querySelector("code").textContent)]);
  totals.copies += copied.length;
  if (copied.length !== count || copied.some((text, index) => text !== shown[index])) fail(file, `copied ${JSON.stringify(copied.slice(0, 3))} instead of ${JSON.stringify(shown.slice(0, 3))}`);
  const first = report.verdict.first_step?.command;
  if (first && !file.startsWith("hostile") && copied[0] !== first) fail(file, `the first button copies ${JSON.stringify(copied[0])} instead of ${JSON.stringify(first)}`);
  await page.locator("button[data-do=theme]").click();
  if (await page.evaluate(() => document.documentElement.getAttribute("data-theme")) !== "dark") fail(file, "the theme does not change");
  const expand = page.locator("button[data-do=expand]");
  await expand.click();
  await expand.click();
  if (await page.locator("details[open]").count()) fail(file, "what was expanded does not fold again");
}

// Sorts both ways and filters; on the largest table of the page, 5,000 rows at least.
async function tables(file, page) {
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
    const visible = () => [...body.rows].filter((row) => !row.hidden).length;
    const type = (value) => { input.value = value; input.dispatchEvent(new Event("input")); };
    const settled = async () => { for (let wait = 0; wait < 2000 && visible() !== parseInt(document.querySelector(".matches").textContent, 10); wait += 1) await frame(); };
    // The layout of what changed at once belongs to the key. The best of three is what the page
    // costs, whatever else the machine does.
    const words = ["c", "copy", "copy 4", "copy 4999", ""];
    const best = words.map(() => Infinity);
    type("z");
    await settled();
    for (let trial = 0; trial < 3; trial += 1) {
      for (const [index, word] of words.entries()) {
        const start = performance.now();
        type(word);
        document.body.getBoundingClientRect();
        best[index] = Math.min(best[index], performance.now() - start);
        await settled();
      }
    }
    const key = Math.max(...best);
    type("copy 4999");
    await settled();
    const shown = visible();
    type("");
    await settled();
    const head = table.tHead.rows[0].cells[4], sort = head.querySelector("button");
    const affected = () => [...body.rows].map((row) => +row.cells[4].getAttribute("data-sort"));
    const sorted = (list, order) => list.every((value, index) => !index || order * (value - list[index - 1]) >= 0);
    const ordered = async (order) => { for (let wait = 0; wait < 2000 && !sorted(affected(), order); wait += 1) await frame(); return sorted(affected(), order); };
    sort.click();
    const up = await ordered(1);
    sort.click();
    const down = await ordered(-1);
    return { key, keys: words.length * 3, shown, up, down, aria: head.getAttribute("aria-sort") };
  });
  if (result) {
    totals.keys += result.keys;
    highest("key", result.key);
    // 100 ms is the aim on a quiet machine, and printed below; only what no noise explains fails.
    if (result.key > 500) fail(file, `a key of the filter takes ${Math.round(result.key)} ms`);
    if (result.shown !== 1) fail(file, `the filter shows ${result.shown} rows instead of 1`);
    if (!result.up || !result.down || result.aria !== "descending") fail(file, `sorting: ${JSON.stringify(result)}`);
  }
}

async function print(file, page, how) {
  const pdf = await page.pdf({ format: "A4", preferCSSPageSize: true });
  const pages = (pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length;
  totals.prints += 1;
  highest("pages", pages);
  if (pages > 12) fail(file, `prints on ${pages} pages${how}`);
}

// A page full of payloads: nothing of them became an element, a link or a script.
async function inert(file, page) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((node) => { node.open = true; }));
  const live = await page.evaluate(() => [...document.querySelectorAll("*")].filter((node) =>
    /^(kx|img|iframe|object|embed|form|base|foreignobject|animate|set|use|image)/i.test(node.localName)
    || [...node.attributes].some((attribute) => /^on|^style$|^src$|^srcset$|^formaction$|^xlink/.test(attribute.name))
    || (node.hasAttribute("href") && !node.getAttribute("href").startsWith("#"))).map((node) => node.outerHTML.slice(0, 90)));
  totals.payloads += 1;
  if (live.length) fail(file, `${live.length} live payloads, first ${live[0]}`);
  const scripts = await page.evaluate(() => document.scripts.length);
  if (scripts !== 1) fail(file, `${scripts} scripts`);
}

// A page as it opens, by keyboard and on paper.
async function walked(file) {
  const { context, page, seen } = await open(browser, folder, file, { viewport: screen });
  await keyboard(file, page);
  await print(file, page, "");
  quiet(file, "walked", seen);
  await context.close();
}

// One page with script goes through what changes nothing, then through what does; what no language
// changes (the way of the keyboard, the words without script) is walked in English, and of the
// typical and the largest page in all languages.
async function check(file) {
  const payload = file.startsWith("payload"), huge = file.startsWith("huge");
  const main = file.startsWith("one-cause") || file.startsWith("long-names");
  const whole = main || huge || file.includes(".en.");
  const opened = performance.now();
  const { context, page, seen } = await open(browser, folder, file, { colorScheme: "light", viewport: screen });
  highest("load", performance.now() - opened);
  if (payload) {
    await inert(file, page);
  } else {
    const words = await wordsOf(page);
    await opening(file, page);
    await looks(file, page);
    if (!huge) await tools(file, page);
    if (["one-cause.en.html", "huge.en.html"].includes(file)) await tables(file, page);
    if (whole && !huge) await walked(file);
    if (whole) await scriptless(file, words, !huge);
  }
  quiet(file, payload ? "payload" : "with script", seen);
  await context.close();
}

const started = performance.now();
const browser = await launch();
await each(files, 2, check);
await browser.close();
console.log(`${files.length} pages in ${Math.round((performance.now() - started) / 1000)} s: ${JSON.stringify(totals)}, at most ${JSON.stringify(worst)}`);
console.log(`${failures.length} failures`);
process.exit(failures.length ? 1 : 0);
