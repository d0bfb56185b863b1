import { TIMEOUT } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { codeOf } from '../../../lib/runtime/index.ts';
import { nameServerWaitMs } from '../limits.ts';

/**
 * Whether a name server says anything about `host`, and be it that there is no such name. Holds none of
 * the threads that the operating system's look-ups do. What a name stands for is theirs to tell all the same:
 * they know other sources of names, and complete them. Tests name servers of their own.
 */
export async function isAnsweredFor(host: string, servers?: readonly string[]): Promise<boolean> {
  try {
    // Made anew each time: which name servers there are it reads only once.
    const resolver = new Resolver({ timeout: nameServerWaitMs, tries: 1 });
    if (servers !== undefined) resolver.setServers(servers);
    await resolver.resolve4(host);
    return true;
  } catch (error) {
    return codeOf(error) !== TIMEOUT;
  }
}
