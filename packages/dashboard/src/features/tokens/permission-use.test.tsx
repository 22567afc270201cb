import type { Token } from '@pipecat-cloud/contract/tokens';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { PermissionUse } from './permission-use';

const held: NonNullable<Token['permissionUse']>['held'] = ['agents:read', 'logs:read', 'secrets:read'];
const shown = (used: typeof held, state: Token['state'] = 'active') =>
  renderToStaticMarkup(
    <PermissionUse
      token={{ state, permissionUse: { held, used, since: '2026-05-04T10:00:00.000Z' } } as Token}
      onShrink={() => {}}
    />,
  );

test('what was never used is named, and a token without it is offered', () => {
  const html = shown(['agents:read']);
  expect(html).toContain('Used 1 of 3 permissions since May 4, 2026');
  expect(html).toMatch(/Never used.*logs:read.*secrets:read/);
  expect(html).toContain('Shrink');
});

test('where nothing or all was used, or the token has ended, there is nothing to shrink', () => {
  for (const html of [shown([]), shown(held), shown(['agents:read'], 'revoked')]) expect(html).not.toContain('Shrink');
  expect(shown([])).not.toContain('Never used');
});
