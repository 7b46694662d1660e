import { existsSync } from "node:fs";

import { type Browser, chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** `LATENTLAB_CHROMIUM`, or a Chromium or Chrome in its usual place. */
export function findBrowser(): string | undefined {
  const named = process.env["LATENTLAB_CHROMIUM"];
  return named ?? PLACES.find((path) => existsSync(path));
}

export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}
