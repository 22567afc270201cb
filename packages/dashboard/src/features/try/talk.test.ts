import { expect, test } from 'vitest';
import { meaningOf, textMessage, withSaid } from './talk';

const means = (type: string, data: object = {}) => meaningOf(JSON.stringify({ label: 'rtvi-ai', type, data }));

test('messages of a bot are said in words, and what only programs need is left out', () => {
  expect(means('bot-ready')).toEqual({ ready: true });
  expect(means('user-started-speaking')).toEqual({ hush: true });
  expect(means('user-transcription', { text: 'hel', final: false })).toEqual({
    say: { who: 'you', text: 'hel', open: true },
  });
  expect(means('bot-transcription', { text: 'Hello.' })).toEqual({ say: { who: 'agent', text: 'Hello.' } });
  expect(means('error', { error: 'no voice' })).toEqual({ trouble: 'no voice' });
  for (const type of ['metrics', 'bot-llm-text', 'client-ready']) expect(means(type)).toBeUndefined();
  expect(meaningOf('plain text')).toEqual({ say: { who: 'agent', text: 'plain text' } });
  expect(meaningOf('null')).toBeUndefined();
  expect(meaningOf(JSON.stringify(textMessage('echoed')))).toEqual({ say: { who: 'agent', text: 'echoed' } });
});

test('an open entry is replaced by how it goes on', () => {
  const open = withSaid([], { who: 'you', text: 'hel', open: true });
  expect(withSaid(open, { who: 'you', text: 'hello' })).toEqual([{ number: 1, who: 'you', text: 'hello' }]);
  expect(withSaid(open, { who: 'agent', text: 'yes' }).map(({ number }) => number)).toEqual([1, 2]);
});
