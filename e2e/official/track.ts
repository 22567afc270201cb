import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@pipecat-cloud/contract/client';
import { expect } from 'vitest';
import type { DailyStandIn } from '../src/support/daily.js';
import type { Driver, Launch, Outcome } from './driver.js';

export const versions = ['0.6.0', '1.4.0'] as const;
export type Version = (typeof versions)[number];

/** What a client is signed in with. `narrow` may read agents and its organization, and nothing else. */
export const credentials = ['personal', 'serviceAccount', 'login', 'narrow'] as const;
export type Credential = (typeof credentials)[number];

export type RunOptions = Partial<Pick<Launch, 'input' | 'answers' | 'cwd'>> & {
  /** On top of the track's own; undefined takes one away. */
  env?: Readonly<Record<string, string | undefined>>;
};

/** One version of the published command line at work in an organization of its own, as one caller. */
export interface Track {
  version: Version;
  credential: Credential;
  org: string;
  /** Also answers prompts, mistypes and asks for what is not there: that is the same with every credential. */
  thorough: boolean;
  /** Names its organization with each command that can, in place of the one that is stored. */
  named: boolean;
  /** Has the files of an agent, `bot`. */
  folder: string;
  home: string;
  /** Variables of each run on top of those that all tracks have. */
  env: Record<string, string>;
  /** Calls of the organization's owner, to see what a command has done. */
  api: Client;
  /** What the server takes for Daily. */
  daily: DailyStandIn;
  /** What later steps need to know of earlier ones. */
  known: Record<string, string>;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** What it prints, all on one line. It must end with 0 and print no error. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  /**
   * What it prints where it must fail. The newest ends with 1 (2 for wrong use), the old one with 0: it returns its exit code
   * instead of ending with it.
   */
  fails(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Runs a script in the same Python. */
  script(file: string, args: readonly string[]): Promise<Outcome>;
  /** Notes a route that it called without saying who it is (uploads, the browser's part of a sign-in). */
  used(route: string): void;
}

export interface TrackOptions {
  version: Version;
  credential: Credential;
  org: string;
  folder: string;
  home: string;
  api: Client;
  daily: DailyStandIn;
  driver: Driver;
  program: readonly string[];
  base: Readonly<Record<string, string>>;
  used: (version: Version, route: string) => void;
  /** Whether a command has the option, and is not given it yet. */
  takesOrganization: (args: readonly string[]) => boolean;
  /** Takes each list of arguments that is run. */
  ran: (readonly string[])[];
}

export function createTrack({ driver, program, base, used, ran, takesOrganization, ...rest }: TrackOptions): Track {
  mkdirSync(join(rest.home, 'work'), { recursive: true });
  const track: Track = {
    ...rest,
    env: {},
    thorough: rest.credential === 'personal',
    named: rest.credential === 'serviceAccount',
    known: {},
    async run(args, options = {}) {
      const whose = track.named && takesOrganization(args) ? ['-o', rest.org] : [];
      ran.push([...args, ...whose]);
      const { env: more = {}, cwd = join(rest.home, 'work'), ...launch } = options;
      const whole = Object.entries({ ...base, HOME: rest.home, ...track.env, ...more }).filter(
        ([, value]) => value !== undefined,
      );
      return await driver.launch({
        argv: [...program, ...args, ...whose],
        env: Object.fromEntries(whole) as Record<string, string>,
        cwd,
        ...launch,
      });
    },
    async ok(args, options) {
      const { code, text } = await track.run(args, options);
      if (code !== 0 || / Error\b|Traceback/.test(text)) throw new Error(`${told(args)} ended with ${code}: ${text}`);
      return text;
    },
    async fails(args, options) {
      const { code, text } = await track.run(args, options);
      expect(code, `${told(args)}: ${text}`).toBe(track.version === '0.6.0' ? 0 : 1);
      expect(text).not.toContain('Traceback');
      return text;
    },
    script: async (file, args) =>
      await driver.launch({ argv: [file, ...args], env: { ...base, HOME: rest.home }, cwd: rest.home }),
    used: (route) => used(rest.version, route),
  };
  return track;
}

/** What a route of the track's organization answers to its owner: for what the typed client has no call. */
export const readOf = <T>({ api, org }: Pick<Track, 'api' | 'org'>, path: string): Promise<T> =>
  api.request<T>('GET', `/v1/organizations/${org}/${path}`);

const told = (args: readonly string[]) => `pipecat cloud ${args.join(' ')}`;
