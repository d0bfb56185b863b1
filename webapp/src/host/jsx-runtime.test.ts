import { expect, test } from '@jest/globals';
import React from 'react';
import { Fragment, jsx, jsxDEV, jsxs } from './jsx-runtime.ts';

test('makes the same elements as the classic factory', () => {
  const a = React.createElement('i', { key: 'a' });
  const b = React.createElement('b', { key: 'b' });
  expect(jsx('p', { id: 'x', children: 'text' })).toEqual(
    React.createElement('p', { id: 'x', children: 'text' }),
  );
  expect(jsxDEV('p', { id: 'x' }, 'k')).toEqual(jsx('p', { id: 'x' }, 'k'));
  expect(jsx('p', {}, 'k')).toEqual(React.createElement('p', { key: 'k' }));
  expect(jsxs('p', { id: 'x', children: [a, b] }, 'k')).toEqual(
    React.createElement('p', { id: 'x', key: 'k' }, a, b),
  );
  expect(Fragment).toBe(React.Fragment);
});
