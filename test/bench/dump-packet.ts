import { manifest } from '../packaging/built-bundle.ts';
import { waitForBlocks, type DayHost } from './day-host.ts';
import { rounded, type Measure } from './measure.ts';

/** The plugin's part of a support packet over all of a store of 26 hours, as the server asks for it. */
export async function measureSupportPacket(day: DayHost): Promise<Measure[]> {
  const { host } = day;
  await host.saveConfiguration({
    PluginSettings: { Plugins: { [manifest.id]: { supportpacketmetricsdays: 3 } } },
  });
  await host.enable(manifest.id);
  await waitForBlocks(day);
  const startedMs = performance.now();
  const files = await host.generateSupportData(manifest.id);
  const seconds = (performance.now() - startedMs) / 1000;
  await host.disable(manifest.id);
  const archive = files.find(({ filename }) => filename.endsWith('.tar.gz'));
  if (archive === undefined) throw new Error('the support packet has no dump');
  const text = new TextDecoder().decode(
    files.find(({ filename }) => filename.endsWith('diagnostics.yaml'))?.body,
  );
  const told = /^ *- "((?:Thinned|Shortened|The newest finished).*)"$/gm;
  const notes = new Set([...text.matchAll(told)].map(([, note]) => note));
  console.log(`# support packet: ${[...notes].join(' ')}`);
  const none = { peer: null, peerName: null };
  return [
    { name: 'support-packet', unit: 's', ours: rounded(seconds), ...none, goal: 60 },
    {
      name: 'support-packet-bytes',
      unit: 'MiB',
      ours: rounded(archive.body.length / 2 ** 20),
      ...none,
      goal: 64,
    },
  ];
}
