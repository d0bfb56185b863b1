/** `20261120T101500Z`. */
export function compactUtc(timeMs: number): string {
  return utcText(timeMs).replace(/[-:]/g, '').replace(' ', 'T').replace(' UTC', 'Z');
}

/** `2026-11-20 10:15:00 UTC`, for sentences. */
export function utcText(timeMs: number): string {
  const iso = new Date(timeMs).toISOString();
  return `${iso.slice(0, -5).replace('T', ' ')} UTC`;
}
