import { copyFile, link, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../../lib/runtime/index.ts';

const workName = 'dump-work';

/**
 * Temporary space of one job below the data directory, for its owner alone. It is on the same disk
 * as the store, so that local blocks can be held by hard links while the store deletes them.
 */
export class WorkArea {
  /** The job's directory. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the directory of a job; what an earlier attempt left there is removed. */
  static async create(dataDirectory: string, jobId: string): Promise<WorkArea> {
    const path = join(dataDirectory, workName, jobId);
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { recursive: true, mode: 0o700 });
    return new WorkArea(path);
  }

  /** Removes what jobs of an earlier process left. */
  static async sweep(dataDirectory: string): Promise<void> {
    await rm(join(dataDirectory, workName), { recursive: true, force: true });
  }

  /** Makes a directory inside and returns its path. */
  async directory(name: string): Promise<string> {
    const path = join(this.path, name);
    await mkdir(path, { recursive: true, mode: 0o700 });
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Takes hold of a block that another part may delete at any moment. */
export async function holdBlock(dir: string, target: string): Promise<void> {
  await mkdir(join(target, 'chunks'), { recursive: true, mode: 0o700 });
  const chunks = (await readdir(join(dir, 'chunks'))).map((name) => join('chunks', name));
  for (const path of ['meta.json', 'index', ...chunks]) {
    await linkOrCopy(join(dir, path), join(target, path));
  }
  await linkOrCopy(join(dir, 'tombstones'), join(target, 'tombstones')).catch((error: unknown) => {
    // Tombstones are optional for every reader.
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Some file systems have no hard links, or the directories lie on two of them.
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(codeOf(error) ?? '')) {
      throw error;
    }
    await copyFile(from, to);
  }
}
