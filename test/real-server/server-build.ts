import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { goProgram, root, run } from '../../build/command.ts';

const source = fileURLToPath(new URL('server/', import.meta.url));
const serverModule = 'github.com/mattermost/mattermost/server/v8';

/** What its `server/public` calls itself; the module of the server has no version of its own. */
export const serverVersion = '11.1.0';

/** A Mattermost server on disk. */
export interface ServerBuild {
  program: string;
  /** `mmctl`, its command line. */
  commandLine: string;
  /** Where its source stands: it reads texts, templates and fonts from there. */
  resources: string;
}

/** Builds Mattermost's Team Edition and its command line from its Go module: minutes the first time, then Go's cache. */
export async function buildServer(): Promise<ServerBuild> {
  const directory = `${root}.cache/real-server`;
  await mkdir(directory, { recursive: true });
  const program = `${directory}/mattermost`;
  const stamp = `-X github.com/mattermost/mattermost/server/public/model.BuildNumber=${serverVersion}`;
  const build = ['build', '-p', '2', '-ldflags', `-s -w ${stamp}`, '-o', program, '.'];
  await run(goProgram, build, { cwd: source });
  const commandLine = `${directory}/mmctl`;
  await run(goProgram, ['build', '-p', '2', '-ldflags', '-s -w', '-o', commandLine, './mmctl'], {
    cwd: source,
  });
  const list = ['list', '-m', '-f', '{{.Dir}}', serverModule];
  return { program, commandLine, resources: (await run(goProgram, list, { cwd: source })).trim() };
}
