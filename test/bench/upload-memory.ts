import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBlock } from '../../server/share/block-fixture.ts';
import { startS3Server } from '../conformance/s3-server.ts';
import { nextMessage, startChild } from './child.ts';
import { median, privateMemoryMb, rounded, type Measure } from './measure.ts';

const runs = 3;
const sampleMs = 5;
/** Two hours of three busy nodes at 15 s. */
const seriesCount = 3 * 11_000;
const hourMs = 3_600_000;

/**
 * What the copy of a large block to a real S3 server adds to the private memory of a process that
 * has not spoken to the server yet: the S3 client's code is in it.
 */
export async function measureUploadMemory(): Promise<Measure> {
  const directory = await mkdtemp(join(tmpdir(), 'upload-memory-'));
  try {
    const maxt = Date.now() - hourMs;
    const span = { mint: maxt - 2 * hourMs, maxt };
    const block = await makeBlock({ parentDir: directory, ...span, seriesCount, isLifelike: true });
    const server = await startS3Server(directory);
    try {
      const grown: number[] = [];
      for (let i = 0; i < runs; i++) grown.push(await growthMb(server.endpoint, block.dir));
      const ours = rounded(median(grown));
      const megabytes = (block.sizeBytes / 1e6).toFixed(0);
      console.log(
        `# upload-memory: a block of ${megabytes} MB, runs ${grown.map(rounded).join(', ')}`,
      );
      return { name: 'upload-memory', unit: 'MB', ours, peer: null, peerName: null, goal: 32 };
    } finally {
      await server.daemon.stop();
    }
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** From the rest before the first request to the highest sample of the whole copy. */
async function growthMb(endpoint: string, block: string): Promise<number> {
  const child = startChild('upload-memory', [endpoint, block], ['--expose-gc']);
  try {
    await nextMessage(child);
    const pid = child.pid ?? 0;
    const restMb = await privateMemoryMb(pid);
    const copied = nextMessage<{ blocks: number }>(child);
    child.send('copy');
    let highestMb = restMb;
    const pause = () =>
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), sampleMs));
    let outcome: { blocks: number } | undefined;
    while (outcome === undefined) {
      highestMb = Math.max(highestMb, await privateMemoryMb(pid));
      outcome = await Promise.race([copied, pause()]);
    }
    const { blocks } = outcome;
    if (blocks !== 1) throw new Error(`${blocks} blocks in the file store after the copy`);
    return highestMb - restMb;
  } finally {
    child.kill('SIGKILL');
  }
}
