const prefix = 'mattermost_plugin_metrics_';

/** One line of a family. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Writes families in the text format of Prometheus, version 0.0.4. */
export class ExpositionText {
  #text = '';

  get text(): string {
    return this.#text;
  }

  /** A value that is not known leaves its family out. */
  gauge(name: string, help: string, value: number | null | undefined): void {
    if (typeof value === 'number') this.#family(name, 'gauge', help, [[{}, value]]);
  }

  counter(name: string, help: string, samples: number | readonly Sample[]): void {
    this.#family(name, 'counter', help, typeof samples === 'number' ? [[{}, samples]] : samples);
  }

  labelled(name: string, help: string, samples: readonly Sample[]): void {
    this.#family(name, 'gauge', help, samples);
  }

  #family(name: string, type: string, help: string, samples: readonly Sample[]): void {
    if (samples.length === 0) return;
    const full = prefix + name;
    this.#text += `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n`;
    for (const [labels, value] of samples) {
      this.#text += `${full}${labelText(labels)} ${String(value)}\n`;
    }
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escape(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
