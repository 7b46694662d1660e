interface Entry {
  readonly count: number;
  readonly code: string;
}

/** The inputs of this kernel's life, for `history_request`. */
export class History {
  private readonly entries: Entry[] = [];

  add(count: number, code: string): void {
    this.entries.push({ count, code });
  }

  /** The content of a `history_reply`; the session number is always 1, as one life is kept. */
  reply(request: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const chosen = this.choose(request);
    const withOutput = request["output"] === true;
    const history = chosen.map(({ count, code }) => [1, count, withOutput ? [code, null] : code]);
    return { status: "ok", history };
  }

  private choose(request: Readonly<Record<string, unknown>>): readonly Entry[] {
    const n = typeof request["n"] === "number" ? request["n"] : this.entries.length;
    switch (request["hist_access_type"]) {
      case "range": {
        const start = Number(request["start"] ?? 0);
        const stop = Number(request["stop"] ?? Infinity);
        return this.entries.filter(({ count }) => count >= start && count < stop);
      }
      case "search": {
        const matches = globPattern(String(request["pattern"] ?? "*"));
        const found = this.entries.filter(({ code }) => matches.test(code));
        const unique = new Map(found.map((entry) => [entry.code, entry]));
        return lastOf(request["unique"] === true ? [...unique.values()] : found, n);
      }
      default:
        return lastOf(this.entries, n);
    }
  }
}

function lastOf(entries: readonly Entry[], n: number): readonly Entry[] {
  return n > 0 ? entries.slice(-n) : [];
}

function globPattern(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", "[^]*").replaceAll("?", "[^]")}$`);
}
