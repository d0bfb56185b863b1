import { grown } from './line-layout.ts';

/** Numbers of lines, in order; keeps its memory when it is cleared. */
export class LineList {
  count = 0;
  /** As many as {@link count} are in use. */
  lines = new Int32Array(0);

  clear(): void {
    this.count = 0;
  }

  push(line: number): void {
    if (this.count === this.lines.length) this.lines = grown(this.lines, this.count + 16);
    this.lines[this.count++] = line;
  }
}
