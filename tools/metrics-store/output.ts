/** Where a command's lines go. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** One line of what was asked for, for people and for programs. */
export interface Line {
  readonly text: string;
  readonly json: unknown;
}

/** Lines to show. `head` names columns and is left out of JSON. */
export interface Listing {
  readonly head?: string;
  readonly lines: Iterable<Line>;
  /** What follows the lines, unless JSON was asked for. */
  readonly foot?: () => string;
}

/** Prints at most `limit` lines and says so when there are more. */
export function printListing(
  listing: Listing,
  options: { limit: number; asJson: boolean },
  output: Output,
): void {
  const { limit, asJson } = options;
  let shown = 0;
  if (listing.head !== undefined && !asJson) output.out(`${listing.head}\n`);
  for (const { text, json } of listing.lines) {
    if (shown === limit) {
      output.err(`only the first ${String(limit)} are shown; --limit 0 shows all\n`);
      return;
    }
    output.out(asJson ? `${JSON.stringify(json)}\n` : `${text}\n`);
    shown++;
  }
  const foot = asJson ? undefined : listing.foot?.();
  if (foot !== undefined) output.out(`${foot}\n`);
}

/** Rows with columns as wide as they need to be; numbers to the right. */
export function columns(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, String(cell).length)));
  }
  return rows.map((row) =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return typeof cell === 'number' ? String(cell).padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
