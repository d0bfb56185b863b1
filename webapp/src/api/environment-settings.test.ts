import { expect, test } from '@jest/globals';
import { environmentSettings } from './environment-settings.ts';

const id = 'com.example.metrics';

test.each([
  [{ PluginSettings: { Plugins: true } }, 'all'],
  [{ PluginSettings: { Plugins: { [id]: true } } }, 'all'],
  [{ PluginSettings: { Plugins: { [id]: { a: true, b: false } } } }, ['a']],
  [{ PluginSettings: { Plugins: { 'com+example+metrics': { a: true } } } }, ['a']],
  [{ PluginSettings: { Plugins: { other: true } } }, []],
  [{ PluginSettings: { Enable: true } }, []],
  [{}, []],
  [null, []],
])('finds in %j what the environment decides', (map, found) => {
  expect(environmentSettings(id)(map, 'environment')).toEqual(found);
});
