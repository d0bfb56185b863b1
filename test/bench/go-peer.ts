import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goProgram, root, run } from '../../build/command.ts';

/** Figures of Prometheus' own library. */
export interface GoFigures {
  ingestNs: number;
  bytesPerSample: number;
  cutMs: number;
  mergeMs: number;
  replayMSamples: number;
}

/** The version in `go/go.mod`. */
export const goPeerName = 'Prometheus library 0.315';

const source = fileURLToPath(new URL('go/', import.meta.url));
const binary = `${root}.cache/bench/prometheus-library`;
/** A build from nothing takes a minute; a network that hangs must not cost the whole run. */
const buildSeconds = 150;

let built: Promise<boolean> | undefined;

/** Builds the library's measure, once; false, with a word why, where that does not work. */
export function buildGoLibrary(): Promise<boolean> {
  return (built ??= build());
}

async function build(): Promise<boolean> {
  try {
    await mkdir(`${root}.cache/bench`, { recursive: true });
    await run('timeout', [`${buildSeconds}`, goProgram, 'build', '-o', binary, '.'], {
      cwd: source,
    });
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`# ${goPeerName} does not build here: ${reason.slice(0, 300)}`);
    return false;
  }
}

/** Measures the library on the same bodies; undefined where it does not build. */
export async function measureGoLibrary(
  bodies: readonly Buffer[],
  directory: string,
): Promise<GoFigures | undefined> {
  if (!(await buildGoLibrary())) return undefined;
  const file = join(directory, 'bodies.bin');
  const parts = bodies.flatMap((body) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return [length, body];
  });
  await writeFile(file, Buffer.concat(parts));
  return JSON.parse(await run(binary, [file, join(directory, 'go')])) as GoFigures;
}
