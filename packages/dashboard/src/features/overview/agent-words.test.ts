import { expect, test } from 'vitest';
import { agentState, sessionState } from './agent-words';

const agent = (ready: boolean, available: boolean, error?: string) =>
  agentState({
    ready,
    available,
    conditions: [],
    errors: error ? [{ code: 'PCC_UNKNOWN_ERROR', message: error }] : [],
  });

test('the state of an agent in words', () => {
  expect(agent(true, true)).toEqual({ tone: 'good', words: 'Ready' });
  expect(agent(false, false).words).toBe('Starting');
  expect(agent(false, true).words).toBe('Updating');
  expect(agent(false, false, 'no bot.py')).toEqual({ tone: 'bad', words: 'Deploy failed', detail: 'no bot.py' });
  expect(agent(false, true, 'no bot.py')).toMatchObject({ tone: 'warn', words: 'Running, last deploy failed' });
});

test('an agent whose instances end again and again is not called ready', () => {
  const message = 'Crash loop: 4 instances in a row ended instead of serving';
  const loop = { type: 'Degraded', status: 'True', reason: 'CrashLoop', message } as const;
  expect(agentState({ ready: true, available: true, errors: [], conditions: [loop] })).toEqual({
    tone: 'bad',
    words: 'Crash loop',
    detail: message,
  });
});

test('what the start of an agent waits for is said', () => {
  const message = 'The container engine does not answer';
  const delay = { type: 'Progressing', status: 'True', reason: 'InstanceDelayed', message } as const;
  const words = { tone: 'warn', words: 'Starting', detail: message };
  expect(agentState({ ready: false, available: false, errors: [], conditions: [delay] })).toEqual(words);
});

test('the state of a session in words; a reason that is new here is shown as it is', () => {
  expect(sessionState({ state: 'starting', endReason: null }).words).toBe('Starting');
  expect(sessionState({ state: 'active', endReason: null })).toEqual({ tone: 'good', words: 'Active' });
  expect(sessionState({ state: 'ended', endReason: 'bot_failed' })).toEqual({ tone: 'bad', words: 'Bot failed' });
  expect(sessionState({ state: 'ended', endReason: null }).words).toBe('Ended');
  expect(sessionState({ state: 'ended', endReason: 'spend_limit' })).toEqual({ tone: 'quiet', words: 'Spend limit' });
});
