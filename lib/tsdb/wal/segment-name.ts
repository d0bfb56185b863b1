/** File name of a WAL segment: eight digits. */
export function walSegmentName(segment: number): string {
  return String(segment).padStart(8, '0');
}

/** Number of a WAL segment from its file name, or undefined when the name is another one. */
export function parseWalSegmentName(name: string): number | undefined {
  return /^\d{8,15}$/.test(name) ? Number(name) : undefined;
}

/** Directory name of the checkpoint that covers all segments up to `segment`. */
export function checkpointName(segment: number): string {
  return `checkpoint.${walSegmentName(segment)}`;
}

/** Last covered segment from a checkpoint's directory name, or undefined for another name. */
export function parseCheckpointName(name: string): number | undefined {
  return name.startsWith('checkpoint.')
    ? parseWalSegmentName(name.slice('checkpoint.'.length))
    : undefined;
}
