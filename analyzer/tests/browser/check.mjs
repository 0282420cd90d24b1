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
const worst = { key: 0, rows: 0, screen: 0, pages: 0, load: 0, elements: 0 };
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

// What is no matter of colour is the same in both themes, and only a width moves things about.
const ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const COLOUR = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

// Both themes and widths with script, everything unfolded: no sideways scrolling, axe. In English
// each theme at each width; other languages see both themes and both widths, not each pair.
async function looks(file, page) {
  const typical = !file.startsWith("huge");
  await inert(file, page);
  // Evaluated over the protocol: the page's own policy stays as it is.
  if (typical) await page.evaluate(`${axe};0`);
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 720 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 1) fail(file, `${colorScheme} ${width}: the page is ${wide} px too wide`);
      const pair = file.includes(".en.") || (width === 1280) === (colorScheme === "light");
      if (typical && pair) await violations(file, `${colorScheme} ${width}`, page, { runOnly: colorScheme === "light" ? ALL : COLOUR, resultTypes: ["violations"], preload: false });
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
    window.walk = [];
    // When the key is up the focus has come, and the browser has scrolled to it.
    addEventListener("keyup", () => {
      const node = document.activeElement;
      if (!node || node === document.body) return;
      const box = node.getBoundingClientRect(), style = getComputedStyle(node);
      const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      const inView = box.bottom > 0 && box.top < innerHeight;
      const small = node.tagName === "BUTTON" && (box.width < 24 || box.height < 24);
      window.walk.push({ node, name: node.outerHTML.slice(0, 80), fault: !seen ? "no visible focus on" : !inView ? "focus out of view on" : small ? "target below 24 px:" : "" });
    });
    const all = [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")];
    return all.filter((node) => node.checkVisibility({ contentVisibilityAuto: false, visibilityProperty: true }) && node.getClientRects().length).length;
  });
  const walked = () => page.evaluate(() => ({
    reached: new Set(window.walk.map((step) => step.node)).size,
    fault: window.walk.map(({ name, fault }) => fault && `${fault} ${name}`).find(Boolean),
  }));
  let state = await walked();
  // Some keys at a time; twice through all of it is more than any way round.
  for (let pressed = 0; pressed < controls * 2 + 20 && state.reached < controls && !state.fault; pressed += 10) {
    for (let key = 0; key < 10; key += 1) await page.keyboard.press("Tab");
    state = await walked();
  }
  totals.controls += state.reached;
  if (state.fault) fail(file, state.fault);
  else if (state.reached < controls) fail(file, `keyboard reaches ${state.reached} of ${controls} controls`);
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

// Sorts both ways and filters 5,000 rows. A key costs what the browser takes to lay out so many
// rows again, whatever else the machine does: measured in processor time of the page's own thread,
// and held against hiding as many rows by hand.
async function tables(file, context, page) {
  const protocol = await context.newCDPSession(page);
  await protocol.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => (await protocol.send("Performance.getMetrics")).metrics.find(({ name }) => name === "ThreadTime").value * 1000;
  const costs = async (work, argument) => {
    const before = await spent();
    await page.evaluate(work, argument);
    return (await spent()) - before;
  };
  await page.evaluate(() => {
    const table = document.getElementById("findings-table"), body = table.tBodies[0], first = body.rows[0];
    while (body.rows.length < 5000) {
      const row = first.cloneNode(true);
      row.removeAttribute("id");
      row.cells[2].append(` copy ${body.rows.length}`);
      row.cells[4].setAttribute("data-sort", (body.rows.length * 7919) % 5000);
      body.append(row);
    }
    window.body = body;
    window.type = (value) => {
      const input = document.querySelector("input.filter");
      input.value = value;
      input.dispatchEvent(new Event("input"));
      document.body.getBoundingClientRect();
    };
    const until = (right) => new Promise((done) => {
      let left = 2000;
      const look = () => (right() || !(left -= 1) ? done(right()) : setTimeout(look, 100));
      look();
    });
    window.settled = () => until(() => [...body.rows].filter((row) => !row.hidden).length === parseInt(document.querySelector(".matches").textContent, 10));
    window.ordered = (order) => until(() => [...body.rows].every((row, index, rows) => !index || order * (row.cells[4].getAttribute("data-sort") - rows[index - 1].cells[4].getAttribute("data-sort")) >= 0));
  });
  let byHand = Infinity;
  for (const hidden of [true, false, true, false]) {
    byHand = Math.min(byHand, await costs((hidden) => {
      [...window.body.rows].slice(0, 60).forEach((row) => { row.hidden = hidden; });
      document.body.getBoundingClientRect();
    }, hidden));
  }
  // Key by key, as somebody types who does not wait.
  const keys = [], word = "copy 4999";
  await page.evaluate(() => window.type("z"));
  for (let length = 1; length <= word.length; length += 1) keys.push(await costs((typed) => window.type(typed), word.slice(0, length)));
  totals.keys += keys.length;
  const key = keys.sort((a, b) => a - b)[keys.length >> 1];
  highest("key", key);
  highest("rows", byHand);
  if (key > 1.5 * byHand + 30) fail(file, `a key of the filter takes ${Math.round(key)} ms, hiding rows by hand ${Math.round(byHand)} ms`);
  const shown = await page.evaluate(async () => {
    await window.settled();
    const shown = [...window.body.rows].filter((row) => !row.hidden).length;
    window.type("");
    await window.settled();
    return shown;
  });
  if (shown !== 1) fail(file, `the filter shows ${shown} rows instead of 1`);
  const sorting = await page.evaluate(async () => {
    const head = document.getElementById("findings-table").tHead.rows[0].cells[4], sort = head.querySelector("button");
    sort.click();
    const up = await window.ordered(1);
    sort.click();
    return up && await window.ordered(-1) && head.getAttribute("aria-sort");
  });
  if (sorting !== "descending") fail(file, `sorting: ${JSON.stringify(sorting)}`);
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

// One page with script goes through what changes nothing, then through what does. What no language
// changes (the way of the keyboard, the words without script, what a print takes) is looked at in
// English, and of the typical page in all languages.
async function check(file) {
  const payload = file.startsWith("payload"), huge = file.startsWith("huge"), typical = file.startsWith("one-cause");
  const whole = typical || file.includes(".en.");
  const opened = performance.now();
  const { context, page, seen } = await open(browser, folder, file, { colorScheme: "light", viewport: screen });
  highest("load", performance.now() - opened);
  if (payload) {
    await inert(file, page);
  } else {
    const words = await wordsOf(page);
    await opening(file, page);
    if (whole && !huge) await keyboard(file, page);
    if (whole && !huge) await print(file, page, "");
    await looks(file, page);
    if (!huge) await tools(file, page);
    if (file === "one-cause.en.html") await tables(file, context, page);
    if (whole) await scriptless(file, words, typical);
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
