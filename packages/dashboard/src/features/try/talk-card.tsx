import { Link } from '@tanstack/react-router';
import { type FormEvent, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { api } from '../../lib/api';
import { Badge, type Tone } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Check, Field } from '../../ui/field';
import { linkStyle } from '../../ui/link-style';
import { Failure } from '../../ui/states';
import { type Conversation, createConversation } from './conversation';
import { Level } from './level';
import { NoMicrophone } from './sound';
import type { Said } from './talk';

const states: Readonly<Record<Conversation['state'], readonly [Tone, string]>> = {
  idle: ['quiet', 'Not connected'],
  microphone: ['busy', 'Waiting for the microphone…'],
  starting: ['busy', 'Starting a session…'],
  connecting: ['busy', 'Waiting for the agent…'],
  talking: ['good', 'Connected'],
};

/** Start, talk, type, leave. */
export function TalkCard({ org, agent }: { org: string; agent: string }) {
  const [talk] = useState(() => createConversation(api));
  const now = useSyncExternalStore(talk.subscribe, talk.now);
  const [microphone, setMicrophone] = useState(true);
  const [data, setData] = useState('');
  const body = parsed(data);
  // Leaving the page ends the session; so does closing the tab, which closes the socket.
  useEffect(() => () => talk.end(), [talk]);

  const start = (withMicrophone: boolean) => {
    if ('error' in body) return;
    setMicrophone(withMicrophone);
    void talk.start({ org, agent, microphone: withMicrophone, body: body.value });
  };
  const isIdle = now.state === 'idle';
  const [tone, words] = states[now.state];
  return (
    <Card
      title="Conversation"
      about={
        now.sessionId && (
          <>
            Session{' '}
            <Link
              to="/orgs/$org/agents/$name/sessions/$id"
              params={{ org, name: agent, id: now.sessionId }}
              className={`font-mono text-[13px] ${linkStyle}`}
              // Another tab: leaving this page would end it.
              target="_blank"
            >
              {now.sessionId}
            </Link>{' '}
            (opens in another tab)
          </>
        )
      }
      actions={
        <span role="status">
          <Badge tone={tone}>{now.state === 'talking' && now.botReady ? 'The bot is ready' : words}</Badge>
        </span>
      }
    >
      {now.error && (
        <>
          <Failure
            error={now.error}
            {...(!(now.error instanceof NoMicrophone) && { onRetry: () => start(microphone) })}
          />
          {now.error instanceof NoMicrophone && (
            <div className="border-b border-line px-4 py-3 sm:px-5">
              <Button onClick={() => start(false)}>Go on without a microphone</Button>
            </div>
          )}
        </>
      )}
      <Conversed said={now.said} />
      <div className="space-y-4 border-t border-line px-4 py-4 sm:px-5">
        {isIdle ? (
          <>
            <Check
              label="With the microphone"
              about="The agent hears you as long as you are connected. Without it you type."
              checked={microphone}
              onChange={setMicrophone}
            />
            <details>
              <summary className="text-sm text-muted">Data for the bot</summary>
              <div className="mt-3 max-w-xl">
                <Field
                  label="JSON"
                  hint="As `body` of a start request; 4 KB at most."
                  error={'error' in body ? body.error : undefined}
                  autoComplete="off"
                  spellCheck={false}
                  className="font-mono"
                  value={data}
                  onChange={(event) => setData(event.target.value)}
                />
              </div>
            </details>
            <Button look="primary" disabled={'error' in body} onClick={() => start(microphone)}>
              Start talking
            </Button>
          </>
        ) : (
          <>
            <TypedLine disabled={now.state !== 'talking'} onType={talk.type} />
            <div className="flex flex-wrap items-center gap-x-6 gap-y-3">
              {microphone && <Level label="You" of={() => talk.levels.you} />}
              <Level label={agent} of={() => talk.levels.agent} />
              <Button look="quietDanger" className="ml-auto" onClick={talk.end}>
                Leave
              </Button>
            </div>
          </>
        )}
      </div>
    </Card>
  );
}

function Conversed({ said }: { said: readonly Said[] }) {
  const names = { you: 'You', agent: 'Agent', note: 'Message' };
  const list = useRef<HTMLOListElement>(null);
  // The newest in view.
  useLayoutEffect(() => {
    if (said.length > 0) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [said]);
  if (said.length === 0) {
    return <p className="px-4 py-8 text-center text-sm text-muted sm:px-5">What is said and typed appears here.</p>;
  }
  return (
    <ol
      ref={list}
      aria-label="What was said"
      aria-live="polite"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
      tabIndex={0}
      className="flex max-h-96 flex-col gap-2 overflow-y-auto px-4 py-4 text-sm focus-visible:-outline-offset-2 sm:px-5"
    >
      {said.map(({ number, who, text, open }) => (
        <li key={number} className={who === 'you' ? 'self-end text-right' : ''}>
          <span className="block text-xs text-muted">{names[who]}</span>
          <span
            className={`inline-block max-w-prose rounded-lg px-3 py-1.5 text-left wrap-anywhere ${who === 'you' ? 'bg-busy-soft' : 'bg-sunken'} ${who === 'note' ? 'font-mono text-[13px]' : ''}`}
          >
            {text}
            {open && '…'}
          </span>
        </li>
      ))}
    </ol>
  );
}

function TypedLine({ disabled, onType }: { disabled: boolean; onType: (text: string) => void }) {
  const [text, setText] = useState('');
  function send(event: FormEvent) {
    event.preventDefault();
    if (disabled || !text.trim()) return;
    onType(text.trim());
    setText('');
  }
  return (
    <form onSubmit={send} className="flex items-end gap-2">
      <div className="min-w-0 flex-1">
        <Field
          label="Say it in writing"
          autoComplete="off"
          maxLength={2000}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <Button type="submit" className="min-h-10.5" disabled={disabled || !text.trim()}>
        Send
      </Button>
    </form>
  );
}

function parsed(data: string): { value: unknown } | { error: string } {
  if (!data.trim()) return { value: undefined };
  try {
    return { value: JSON.parse(data) };
  } catch (error) {
    return { error: `This is no JSON: ${(error as Error).message}` };
  }
}
