/** Longest text; a message that says more says it at its begin. */
const maxTextLength = 1_000;

/** Fields of one object: ours have fewer, so only one whose names come from elsewhere is cut. */
const maxFields = 100;

/** A copy of a plain value with short texts and lists; lists keep their begin and say what is gone. */
export function cutValue(value: unknown, maxEntries: number): unknown {
  if (typeof value === 'string') return cutText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const kept = value.slice(0, maxEntries).map((entry) => cutValue(entry, maxEntries));
    const left = value.length - kept.length;
    return left === 0 ? kept : [...kept, `… and ${String(left)} more`];
  }
  const fields = Object.entries(value).filter(([, member]) => member !== undefined);
  const kept = fields.slice(0, maxFields).map(([name, member]) => {
    return [cutText(name), cutValue(member, maxEntries)] as const;
  });
  const left = fields.length - kept.length;
  return Object.fromEntries(left === 0 ? kept : [...kept, ['…', `and ${String(left)} more`]]);
}

function cutText(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength - 1)}…`;
}
