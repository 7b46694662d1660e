import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const LINK = /<(\w+)\b[^>]*?\s(?:href|src)="([^"]*)"/g;

/**
 * What is wrong with the links of a site: files and anchors that are not there, and scripts, styles
 * and pictures that come from a network.
 */
export function brokenLinks(site: string): string[] {
  const pages = readdirSync(site, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".html"))
    .map((path) => join(site, path));
  return pages.flatMap((page) => {
    const wrong = linksIn(page).filter(({ tag, target }) => isBroken(page, tag, target));
    return wrong.map(({ target }) => `${relative(site, page)} has a broken link: ${target}`);
  });
}

function linksIn(page: string): { tag: string; target: string }[] {
  // What scripts hold is not markup.
  const html = readFileSync(page, "utf8").replace(/(<script\b[^>]*>)[\s\S]*?<\/script>/g, "$1");
  return [...html.matchAll(LINK)].map(([, tag = "", target = ""]) => ({
    tag,
    target: target.replaceAll("&amp;", "&"),
  }));
}

function isBroken(page: string, tag: string, target: string): boolean {
  if (/^(https?:)?\/\//.test(target)) return tag !== "a";
  if (/^(data|mailto):/.test(target)) return false;
  const [path = "", anchor] = target.split("#");
  const name = decodeURIComponent(path.split("?")[0] as string);
  const file = name === "" ? page : join(dirname(page), name);
  if (!existsSync(file)) return true;
  if (anchor === undefined || anchor === "" || !file.endsWith(".html")) return false;
  return !readFileSync(file, "utf8").includes(`id="${decodeURIComponent(anchor)}"`);
}
