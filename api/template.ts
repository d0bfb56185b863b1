// The little of ICU's message syntax that the catalogue uses: `{name}`, and
// `{nameCount, plural, one {# block} other {# blocks}}`, whose branches hold no further braces. The
// console gives the same templates to the host's formatter, which knows all of it.

const placeholder = /\{(\w+)(?:, plural, ((?:(?:=\d+|\w+) \{[^{}]*\} ?)+))?\}/g;
const branch = /(=\d+|\w+) \{([^{}]*)\}/g;

/** Fills a template of the English catalogue in; a value that is missing leaves its name. */
export function fillTemplate(
  template: string,
  textOf: (name: string) => string | undefined,
  countOf: (name: string) => number,
): string {
  return template.replace(placeholder, (whole, name: string, branches: string | undefined) => {
    if (branches === undefined) return textOf(name) ?? whole;
    const count = countOf(name);
    const texts = new Map([...branches.matchAll(branch)].map(([, key, text]) => [key, text]));
    const exact = texts.get(`=${String(count)}`);
    const chosen = exact ?? texts.get(count === 1 ? 'one' : 'other') ?? texts.get('other');
    return (chosen ?? '').replaceAll('#', String(count));
  });
}

/** The names of the values that a template wants, sorted. */
export function namesInTemplate(template: string): string[] {
  return [...new Set([...template.matchAll(placeholder)].map(([, name = '']) => name))].sort();
}
