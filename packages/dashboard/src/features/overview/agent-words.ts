import type { Service } from '@pipecat-cloud/contract/agents';
import type { Session } from '@pipecat-cloud/contract/sessions';
import type { Tone } from '../../ui/badge';

export interface Words {
  tone: Tone;
  words: string;
  /** One sentence more, where the words alone leave the reader with a question. */
  detail?: string;
}

type AgentState = Pick<Service, 'ready' | 'available' | 'errors' | 'conditions'>;

/** What an agent's status object (contract §11.3) means to a person. */
export function agentState(agent: AgentState): Words {
  const failed = agent.errors[0];
  if (failed && agent.available) {
    return { tone: 'warn', words: 'Running, last deploy failed', detail: failed.message };
  }
  if (failed) return { tone: 'bad', words: 'Deploy failed', detail: failed.message };
  const loop = agent.conditions.find(({ status, reason }) => status === 'True' && reason === 'CrashLoop');
  if (loop) return { tone: 'bad', words: 'Crash loop', detail: loop.message };
  if (agent.ready) return { tone: 'good', words: 'Ready' };
  const delay = agent.conditions.find(({ status, reason }) => status === 'True' && reason === 'InstanceDelayed');
  if (delay) return { tone: 'warn', words: agent.available ? 'Updating' : 'Starting', detail: delay.message };
  if (agent.available)
    return { tone: 'busy', words: 'Updating', detail: 'The previous deployment takes sessions meanwhile.' };
  return { tone: 'busy', words: 'Starting' };
}

/** How a session ended, by the reason that the server gives. Reasons of newer servers are shown as they are. */
const endings: Readonly<Record<string, Words>> = {
  completed: { tone: 'quiet', words: 'Completed' },
  socket_closed: { tone: 'quiet', words: 'Caller left' },
  stopped: { tone: 'quiet', words: 'Stopped' },
  duration_exceeded: { tone: 'warn', words: 'Time limit reached' },
  connect_timeout: { tone: 'warn', words: 'Nobody connected' },
  bot_failed: { tone: 'bad', words: 'Bot failed' },
  instance_exited: { tone: 'bad', words: 'Agent process ended' },
  instance_lost: { tone: 'bad', words: 'Agent process lost' },
  start_failed: { tone: 'bad', words: 'Did not start' },
  start_abandoned: { tone: 'bad', words: 'Did not start' },
};

export function sessionState(session: Pick<Session, 'state' | 'endReason'>): Words {
  if (session.state === 'starting') return { tone: 'busy', words: 'Starting' };
  if (session.state === 'active') return { tone: 'good', words: 'Active' };
  const { endReason } = session;
  if (endReason === null) return { tone: 'quiet', words: 'Ended' };
  return endings[endReason] ?? { tone: 'quiet', words: readable(endReason) };
}

/** `worker-lost` as a person would write it. */
function readable(code: string): string {
  const text = code.replace(/[_-]+/g, ' ').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
