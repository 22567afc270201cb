import { describe, expect, test } from 'vitest';
import { check } from './check.js';
import { Story } from './testing.js';

const story = () => new Story().limit(3).boot('a').boot('b');
/** Time goes on, so that nothing is left open by the end of the record alone. */
const rulesOf = (told: Story) => [
  ...new Set(check(told.add(120, { type: 'lag', ms: 0 }).events).map(({ rule }) => rule)),
];

test('a history in which nothing is wrong', () => {
  const told = story().session('s1', 'a', 1, 5).session('s2', 'b', 2, 4).session('s3', 'a', 5.01, 6);
  expect(check(told.events)).toEqual([]);
});

test('the order in which events were collected says nothing', () => {
  const told = story().session('s1', 'a', 1, 5).session('s2', 'a', 6, 7);
  expect(check(told.events.toReversed())).toEqual([]);
});

describe('E1: no two sessions overlap on one instance', () => {
  test('one begins before the other has ended', () => {
    expect(rulesOf(story().session('s1', 'a', 1, 5).session('s2', 'a', 4.9, 8))).toEqual(['E1']);
  });
  test('one lies within the other', () => {
    expect(rulesOf(story().session('s1', 'a', 1, 9).session('s2', 'a', 4, 5).session('s3', 'a', 6, 7))).toEqual(['E1']);
  });
  test('the bot of a stopped session still runs when the next one begins', () => {
    const told = story()
      .session('s1', 'a', 1, 5)
      .add(2, { type: 'stop', session: 's1' })
      .seen('s1', 2.1, 2, { reason: 'stopped' });
    // Told as ended at two moments: that is E5, and does not hide E1.
    expect(rulesOf(told.session('s2', 'a', 4, 6))).toContain('E1');
  });
  test('a request to one session is answered by another', () => {
    const told = story().session('s1', 'a', 1, 5);
    expect(rulesOf(told.add(2, { type: 'relayed', session: 's1', instance: 'a', answeredBy: null }))).toEqual([]);
    expect(rulesOf(told.add(2, { type: 'relayed', session: 's1', instance: 'a', answeredBy: 's0' }))).toEqual(['E1']);
  });
});

describe('E2: live sessions never exceed the limit', () => {
  const three = (told: Story) =>
    told.boot('c').session('s1', 'a', 1, 9).session('s2', 'b', 2, 9).session('s3', 'c', 3, 9);
  test('as many as there may be, and one more', () => {
    expect(rulesOf(three(story()))).toEqual([]);
    expect(rulesOf(three(story().boot('d')).session('s4', 'd', 4, 5))).toEqual(['E2']);
  });
  test('a limit that was lowered before the session was asked for', () => {
    expect(rulesOf(three(story().limit(2, 0.5)))).toEqual(['E2']);
    expect(rulesOf(three(story().limit(2, 2.95)))).toEqual([]);
  });
  test('a limit whose change was refused holds not', () => {
    expect(rulesOf(three(new Story().limit(2).boot('a').boot('b').limit(3, 0.5, 400)))).toEqual(['E2']);
  });
  test('a limit whose change was not answered may hold', () => {
    expect(rulesOf(three(new Story().limit(2).boot('a').boot('b').limit(3, 0.5, null)))).toEqual([]);
  });
  test('a bot that goes on after its client has stopped it takes no place', () => {
    const told = new Story().limit(1).boot('a').boot('b');
    told.session('s1', 'a', 1, 5).add(2, { type: 'stop', session: 's1' });
    expect(rulesOf(told.session('s2', 'b', 3, 4))).toEqual([]);
  });
  test('a bot whose start was never answered takes no place once its control plane has failed', () => {
    const told = new Story().limit(1).boot('a').boot('b').asked('r-s1', 1).begun('s1', 'a', 1.1);
    told.ended('s1', 'a', 5, 'finished').session('s2', 'b', 3, 4);
    expect(rulesOf(told)).toContain('E2');
    expect(rulesOf(told.add(2, { type: 'started', request: 'r-s1' }))).toContain('E2');
    expect(rulesOf(told.add(1.9, { type: 'fault', fault: 'f', kind: 'server' }))).not.toContain('E2');
  });
  test('a bot that goes on after its socket has broken takes no place', () => {
    const told = new Story().limit(1).boot('a').boot('b').session('s1', 'a', 1, 5);
    expect(rulesOf(told.session('s2', 'b', 3, 4))).toEqual(['E2']);
    expect(rulesOf(told.add(2, { type: 'cut', session: 's1' }))).toEqual([]);
  });
});

describe('E3: nothing but its bot or its people ends a session', () => {
  const cut = (how: 'told' | 'hung-up') =>
    story()
      .asked('r-s1', 1)
      .begun('s1', 'a', 1.1)
      .answered('r-s1', 1.2, 200, 's1')
      .ended('s1', 'a', 5, how)
      .seen('s1', 5.2, 5);
  test('ended by SIGTERM while it talks', () => {
    const told = cut('told').add(5, { type: 'told', instance: 'a', session: 's1' });
    expect(rulesOf(told)).toEqual(['E3']);
  });
  test('vanished without a word', () => {
    const told = story().asked('r-s1', 1).begun('s1', 'a', 1.1).answered('r-s1', 1.2, 200, 's1');
    told.add(5, { type: 'beat', instance: 'a', session: 's1' }).seen('s1', 5.2, 5, { reason: 'instance_exited' });
    expect(rulesOf(told)).toEqual(['E3']);
    expect(rulesOf(told.trouble('instance', 4.9, 5, 'b'))).toEqual(['E3']);
    expect(rulesOf(told.trouble('instance', 4.9, 5, 'a'))).toEqual([]);
  });
  test('ended while it hung: by whoever stopped it, and by nothing else', () => {
    const hung = () =>
      story()
        .asked('r-s1', 1)
        .begun('s1', 'a', 1.1)
        .answered('r-s1', 1.2, 200, 's1')
        .add(3, { type: 'hang', instance: 'a', session: 's1', until: 9_000 });
    const stopped = () => hung().add(6, { type: 'stop', session: 's1' });
    expect(rulesOf(stopped().seen('s1', 8.2, 6, { reason: 'stopped' }))).toEqual([]);
    expect(rulesOf(hung().seen('s1', 8.2, 6, { reason: 'instance_exited' }).trouble('instance', 6, 6, 'a'))).toEqual(
      [],
    );
    expect(rulesOf(hung().seen('s1', 8.2, 6, { reason: 'instance_exited' }))).toContain('E3');
    const late = hung().add(12, { type: 'stop', session: 's1' });
    expect(rulesOf(late.seen('s1', 12.2, 12, { reason: 'stopped' }))).toContain('E3');
  });
  test.each(['server', 'worker', 'link', 'database', 'clock', 'disk'] as const)(
    'a fault of the %s is no excuse',
    (kind) => {
      expect(rulesOf(cut('told').trouble(kind, 4, 6))).toContain('E3');
    },
  );
  test('stopped by its client', () => {
    expect(rulesOf(cut('told').add(4.9, { type: 'stop', session: 's1' }))).toEqual([]);
  });
  test('at its cap', () => {
    const told = story().asked('r-s1', 1).begun('s1', 'a', 1.1).answered('r-s1', 1.2, 200, 's1');
    expect(rulesOf(told.ended('s1', 'a', 61.5, 'told').seen('s1', 62, 61.1, { reason: 'duration_exceeded' }))).toEqual(
      [],
    );
  });
  test('a socket breaks with what it goes through, and with nothing else', () => {
    const socket = () =>
      story()
        .asked('r-s1', 1, 'socket')
        .begun('s1', 'a', 1.1)
        .answered('r-s1', 1.2, 200, 's1')
        .ended('s1', 'a', 5, 'hung-up');
    expect(rulesOf(socket().seen('s1', 5.2, 5))).toEqual(['E3']);
    expect(rulesOf(socket().seen('s1', 5.2, 5).trouble('worker', 4.8, 6))).toEqual([]);
    expect(rulesOf(socket().seen('s1', 5.2, 5).add(4.9, { type: 'hang-up', session: 's1' }))).toEqual([]);
  });
  test('unknown to a backup only where it began after it', () => {
    const told = cut('told').add(5, { type: 'told', instance: 'a', session: 's1' });
    expect(rulesOf(told.trouble('restore', 3, 5))).toEqual(['E3']);
    const later = cut('told').add(5, { type: 'told', instance: 'a', session: 's1' });
    expect(rulesOf(later.trouble('restore', 0.5, 5))).toEqual([]);
  });
});

describe('E4: a start that was answered with yes and an activation go together', () => {
  test('a yes without an activation', () => {
    expect(rulesOf(story().asked('r-s1', 1).answered('r-s1', 1.2, 200, 's1'))).toEqual(['E4']);
  });
  test('a no with one', () => {
    expect(
      rulesOf(story().asked('r-s1', 1).begun('s1', 'a', 1.1).answered('r-s1', 1.2, 429).ended('s1', 'a', 2)),
    ).toEqual(['E4']);
  });
  test('a failure whose session goes on, and one whose session is taken back', () => {
    const failed = () => story().asked('r-s1', 1).begun('s1', 'a', 1.1).answered('r-s1', 1.2, 503);
    expect(rulesOf(failed().ended('s1', 'a', 30))).toEqual(['E4']);
    expect(rulesOf(failed().ended('s1', 'a', 3, 'told'))).toEqual([]);
  });
  test('no answer with none, one and two', () => {
    const lost = () => story().asked('r-s1', 1).answered('r-s1', 1.2, undefined);
    expect(rulesOf(lost())).toEqual([]);
    expect(rulesOf(lost().begun('s1', 'a', 1.1).ended('s1', 'a', 2))).toEqual([]);
    expect(rulesOf(lost().begun('s1', 'a', 1.1).ended('s1', 'a', 2).begun('s1', 'b', 3).ended('s1', 'b', 4))).toEqual([
      'E4',
    ]);
  });
  test('the answer names another session', () => {
    const told = story().asked('r-s1', 1).begun('s1', 'a', 1.1).answered('r-s1', 1.2, 200, 's9').ended('s1', 'a', 2);
    expect(rulesOf(told)).toEqual(['E4']);
  });
  test('nobody asked for it', () => {
    expect(rulesOf(story().begun('s1', 'a', 1.1).ended('s1', 'a', 2))).toEqual(['E4']);
  });
});

describe('E5: a session ends once, promptly, and not before its bot', () => {
  const talk = () => story().asked('r-s1', 1).begun('s1', 'a', 1.1).answered('r-s1', 1.2, 200, 's1');
  test('told as ended while its bot talks', () => {
    const told = talk().seen('s1', 4, 4, { reason: 'instance_lost' }).ended('s1', 'a', 9);
    expect(rulesOf(told)).toEqual(['E5']);
  });
  test('told with two reasons', () => {
    expect(rulesOf(talk().ended('s1', 'a', 5).seen('s1', 5.2, 5).seen('s1', 6, 5, { reason: 'stopped' }))).toEqual([
      'E5',
    ]);
  });
  test('back after its end', () => {
    const back = (asked: number) => talk().ended('s1', 'a', 5).seen('s1', 5.2, 5).seen('s1', 6, undefined, { asked });
    expect(rulesOf(back(5.3))).toEqual(['E5']);
    // It was asked before, and answered later.
    expect(rulesOf(back(5.1))).toEqual([]);
  });
  test('never told as ended', () => {
    expect(rulesOf(talk().ended('s1', 'a', 5).seen('s1', 40))).toEqual(['E5']);
  });
  test('not known to the API', () => {
    const told = talk().ended('s1', 'a', 5).seen('s1', 5.2, 5);
    expect(rulesOf(told.add(3, { type: 'seen', session: 's1', asked: 2_900, state: 'unknown' }))).toEqual(['E5']);
  });
  test('told late: ten seconds are given to a fault alone', () => {
    const late = () => talk().ended('s1', 'a', 5).seen('s1', 9, 5);
    expect(rulesOf(late())).toEqual(['E5']);
    expect(rulesOf(late().trouble('worker', 4, 6))).toEqual([]);
    expect(rulesOf(talk().ended('s1', 'a', 5).trouble('worker', 4, 6).seen('s1', 30, 5))).toEqual(['E5']);
  });
  test('recorded at a wrong time', () => {
    expect(rulesOf(talk().ended('s1', 'a', 5).seen('s1', 5.2, 3605))).toEqual(['E5']);
    expect(rulesOf(talk().trouble('clock', 4, 6).ended('s1', 'a', 5).seen('s1', 5.2, 3605))).toEqual([]);
  });
});

test('E7: something is left', () => {
  expect(rulesOf(story().add(10, { type: 'left', what: 'process 7' }))).toEqual(['E7']);
});

test('E8: a secret value is in a log', () => {
  expect(rulesOf(story().add(10, { type: 'leak', where: 'worker.log' }))).toEqual(['E8']);
});

describe('E9: an instance never changes tenant', () => {
  test('a caller of another organization', () => {
    const told = story().session('s1', 'a', 1, 2).asked('r-s2', 3).begun('s2', 'a', 3.1, 'south');
    expect(rulesOf(told.answered('r-s2', 3.2, 200, 's2').ended('s2', 'a', 4).seen('s2', 4.2, 4))).toEqual(['E9']);
  });
  test("another organization's secrets", () => {
    expect(rulesOf(story().boot('c', { secretsOf: 'south' }))).toEqual(['E9']);
  });
});
