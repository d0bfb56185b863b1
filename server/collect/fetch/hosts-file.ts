import type { LookupAddress } from 'node:dns';
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';

const systemFile = '/etc/hosts';

/** A larger one is a list of what to block, and names nothing that is collected. */
const maxHostsBytes = 1024 * 1024;

/**
 * The addresses that the system's own file has for `host`, which no name server is asked for; none when
 * it does not name it. Where the file cannot be read the operating system's look-up says what is wrong.
 */
export async function hostsFileAddresses(
  host: string,
  path = systemFile,
): Promise<LookupAddress[]> {
  let text: string;
  try {
    if ((await stat(path)).size > maxHostsBytes) return [];
    text = await readFile(path, 'utf8');
  } catch {
    return [];
  }
  const wanted = host.toLowerCase();
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address);
    const isNamed = names.some((name) => name.toLowerCase() === wanted);
    return family !== 0 && isNamed ? [{ address, family }] : [];
  });
}
