import { noTime } from './line-lexer.ts';
import type { ParsedBody } from './parsed-body.ts';
import type { SampleSink } from './sample-sink.ts';

/**
 * Lines of a body whose series stands earlier in it. With times of their own both may be samples of it, as in
 * Prometheus 2, where the store alone says which of them are in order.
 */
export class RepeatedLines {
  readonly #lines: { line: number; ref: number }[] = [];

  get count(): number {
    return this.#lines.length;
  }

  clear(): void {
    this.#lines.length = 0;
  }

  push(line: number, ref: number): void {
    this.#lines.push({ line, ref });
  }

  /** Appends their samples, with `timeMs` where a line has no time; behind those of the first lines. */
  emit(body: ParsedBody, sink: SampleSink, timeMs: number): void {
    sink.reserve(sink.count + this.#lines.length);
    for (const { line, ref } of this.#lines.sort((a, b) => a.line - b.line)) {
      const at = sink.count++;
      const own = body.timesMs?.[line] ?? noTime;
      sink.refs[at] = ref;
      sink.lo[at] = body.lo[line]!;
      sink.hi[at] = body.hi[line]!;
      sink.timesMs[at] = own === noTime ? timeMs : own;
      if (own === noTime) body.noteTimeless(ref);
    }
  }
}
