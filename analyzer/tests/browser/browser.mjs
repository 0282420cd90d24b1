// Debian's Chromium, driven by playwright-core: how the tests and the pictures open a page.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

// Opens a file and counts what it does: requests, policy violations, errors, dialogs.
export async function open(browser, folder, file, options) {
  const context = await browser.newContext({ bypassCSP: false, reducedMotion: "reduce", ...options });
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

// Runs a job for each item, a few at a time: one for each core.
export async function each(items, workers, job) {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await job(item);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}
