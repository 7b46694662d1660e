import type * as ts from "@tslab/typescript-for-tslab";

import type { MimeBundle } from "../output/bundle";

/** What is shown about a name: its declared type, what it holds now, its documentation. */
export function hoverBundle(info: ts.QuickInfo, value: string | undefined): MimeBundle {
  const type = joined(info.displayParts).replace(/\nexport \w+$/, "");
  const docs = joined(info.documentation);
  const tags = (info.tags ?? []).map(({ name, text }) => ({ name, text: joined(text).trim() }));
  const now = value === undefined ? [] : [`now: ${value}`];
  const plain = [type, ...now, docs, tags.map(({ name, text }) => `@${name} ${text}`).join("\n")];
  const markdown = [
    `\`\`\`typescript\n${type}\n\`\`\``,
    ...(value === undefined ? [] : [`**now** \`${value.replaceAll("`", "'")}\``]),
    docs,
    ...tags.map(tagMarkdown),
  ];
  return { "text/plain": paragraphs(plain), "text/markdown": paragraphs(markdown) };
}

function joined(parts: readonly ts.SymbolDisplayPart[] = []): string {
  return parts.map(({ text }) => text).join("");
}

function paragraphs(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("\n\n");
}

interface Tag {
  readonly name: string;
  readonly text: string;
}

function tagMarkdown({ name, text }: Tag): string {
  switch (name) {
    case "param": {
      const [, parameter = "", rest = ""] = /^(\S+)\s*([^]*)$/.exec(text) ?? [];
      return `- **${parameter}** ${rest}`;
    }
    case "example":
      return `\`\`\`typescript\n${text}\n\`\`\``;
    default:
      return `- *${name}* ${text}`;
  }
}
