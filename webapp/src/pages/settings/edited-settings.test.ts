import { expect, test } from '@jest/globals';
import { EditedSettings } from './edited-settings.ts';

const path = (key: string) => `PluginSettings.Plugins.com+example+metrics.${key}`;

test('knows the plugin’s settings by name or id, and nothing else', () => {
  const edited = new EditedSettings('com.example.metrics');
  edited.note({ id: path('dbpath'), name: '' });
  edited.note({ id: `${path('honorlabels')}true`, name: path('HonorLabels') });
  edited.note({ id: path('dbpath') });
  edited.note({ id: 'PluginSettings.PluginStates.com+example+metrics.Enable' });
  edited.note({ id: 'PluginSettings.Plugins.com+example+metrics2.dbpath' });
  edited.note({ id: 'mmx-from', name: 5 });
  edited.note(null);
  expect(edited.keys()).toEqual(['dbpath', 'honorlabels']);
  edited.clear();
  expect(edited.keys()).toEqual([]);
});

test('does not grow without end', () => {
  const edited = new EditedSettings('com.example.metrics');
  for (let at = 0; at < 1_000; at++) edited.note({ id: path(`x${String(at)}`) });
  expect(edited.keys()).toHaveLength(100);
});
