import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { inRoot } from './paths.js';

/** What a file of `examples/ci` has a machine do. */
export interface Job {
  /** How its system starts a shell for one step. */
  shell: readonly string[];
  /** Each in a shell of its own, in this order; the first that fails ends the job. */
  steps: readonly string[];
  /** Names of the variables that it gets, values of ours aside. */
  variables: readonly string[];
}

interface Workflow {
  env: Record<string, string>;
  jobs: { deploy: { env: Record<string, string>; steps: { run?: string }[] } };
}
interface Pipeline {
  variables: Record<string, string>;
  deploy: { before_script?: string[]; script: string[] };
}

const read = (name: string) => readFileSync(inRoot('examples/ci', name), 'utf8');

/** GitHub runs each step in a `bash -e` of its own. */
export function githubJob(name: string): Job {
  const { env, jobs } = parse(read(name)) as Workflow;
  const steps = jobs.deploy.steps.flatMap(({ run }) => run ?? []);
  return { shell: ['bash', '-e'], steps, variables: [...Object.keys(env), ...Object.keys(jobs.deploy.env)] };
}

/** GitLab runs all lines in one shell that stops at the first failure. The secret comes from the project's settings. */
export function gitlabJob(name: string): Job {
  const { variables, deploy } = parse(read(name)) as Pipeline;
  const steps = [[...(deploy.before_script ?? []), ...deploy.script].join('\n')];
  return { shell: ['sh', '-e'], steps, variables: [...Object.keys(variables), 'PIPECAT_TOKEN'] };
}

/** Run where it stands, beside what it uses. */
export function scriptJob(name: string): Job {
  const variables = ['PIPECAT_TOKEN', 'PIPECAT_ORG', 'PIPECAT_API_HOST'];
  return { shell: ['sh'], steps: [`exec sh ci/${name}`], variables };
}

/** What the container of `docker run` is told to run, with those variables alone that are handed to it. */
export function containerJob(name: string): Job {
  const [, options = '', command = ''] =
    /^docker run (.*) node:\S+ (.*)$|^docker run (.*) python:\S+ (.*)$/m
      .exec(read(name))
      ?.filter((part) => part !== undefined) ?? [];
  const variables = [...options.matchAll(/-e (\w+)/g)].map(([, variable]) => variable ?? '');
  return { shell: ['sh'], steps: [command.replace(/^sh /, 'exec sh ')], variables };
}
