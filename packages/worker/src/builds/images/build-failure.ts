import { DriverError } from '../../drivers/driver.js';
import type { BuildFailure } from './build-output.js';

const unknown = 'PCC_UNKNOWN_ERROR';

export const needsBuildKit =
  "This Dockerfile needs BuildKit (RUN --mount), and the worker's container engine builds without it. Take --mount out of the Dockerfile, or run the worker beside Docker 20.10 or later.";

export const noDockerfile =
  'The Dockerfile is not where the build was told that it is: see --dockerfile, or [build] dockerfile.';

/** What went wrong in the engine, as a code of contract §2.1 and a sentence that says what to do. `platform` is the engine's, such as `linux/amd64`. */
export function explainFailure(failure: BuildFailure, platform: string): DriverError {
  const [code, sentence] = explained(failure, platform);
  const cause = new Error(failure.message);
  return new DriverError(code, code === unknown ? sentence : `${sentence} (${code})`, { cause });
}

function explained(failure: BuildFailure, platform: string): [code: string, sentence: string] {
  const { message, lastLine = '' } = failure;
  // Podman's builder names the step within its message.
  const step = failure.step ?? /building at STEP "(.+?)": /s.exec(message)?.[1];
  const words = `${message}\n${lastLine}`;
  if (/no space left on device|disk quota exceeded/i.test(words)) {
    return [
      unknown,
      "The disk of the worker's container engine is full, so the build could not go on. Whoever runs the worker has to free space (docker system df shows what takes it); then build again.",
    ];
  }
  const image = imageOf(failure);
  if (image !== undefined) return pullFailure(image, message, platform);
  if (/exec format error/i.test(words)) {
    return [
      'PCC_INVALID_IMAGE_PLATFORM',
      `${named(step)} could not run a program that is made for another kind of machine: this worker builds for ${platform}. Start FROM an image for ${platform}, without another --platform.`,
    ];
  }
  if (/--mount.*requires BuildKit|the --mount option|unknown flag: mount/i.test(message))
    return [unknown, needsBuildKit];
  const secret = /secret (\S+?):? not found/i.exec(message)?.[1];
  if (secret !== undefined) {
    return [
      unknown,
      `${named(step)} needs the build secret ${secret}, which this build has not. Name a secret set with that key: [build] secret_set in pcc-deploy.toml, or --build-secrets.`,
    ];
  }
  if (
    /failed to (?:compute cache key|calculate checksum)|COPY failed|ADD failed|checking on sources under/i.test(message)
  ) {
    return [
      unknown,
      `${named(step)} names a file that is not in the build context. Is it excluded by .dockerignore or [build.exclude]? Paths count from the folder that is deployed.`,
    ];
  }
  if (/failed to read dockerfile|Cannot locate specified Dockerfile/i.test(message)) {
    return [unknown, noDockerfile];
  }
  const parse =
    /(?:dockerfile )?parse error(?: on)? line \d+.*|unknown instruction.*|file with no instructions.*/is.exec(
      message,
    )?.[0];
  if (parse !== undefined) return [unknown, `The Dockerfile can't be read: ${shortened(parse)}`];

  const exit = /(?:exit code:|returned a non-zero code:|while running runtime: exit status) (\d+)/i.exec(message)?.[1];
  if (exit !== undefined) {
    const why = exit === '137' ? ' (it was killed, most likely for want of memory)' : '';
    const last = lastLine === '' ? '' : ` Its last line: ${shortened(lastLine)}`;
    return [
      unknown,
      `${named(step)} failed with exit code ${exit}${why}; its output is at the end of the build's log.${last}`,
    ];
  }
  return [unknown, `The build failed${step === undefined ? '' : ` at ${shortened(step)}`}: ${shortened(message)}`];
}

/** The image whose pull failed, if that is what failed. */
function imageOf({ message, step = '' }: BuildFailure): string | undefined {
  const byStep =
    /^(?:\[internal\] load metadata for|resolve image config for|(?:\[[^\]]*\] )?FROM|docker-image:\/\/)\s*(\S+)/.exec(
      step,
    );
  if (byStep) return byStep[1]?.replace(/@sha256:.*/, '');
  // The classic builder names no step that way.
  return (
    /pull access denied for ([^\s,]+)/.exec(message)?.[1] ??
    /manifest for (\S+) not found/.exec(message)?.[1] ??
    /invalid from flag value (\S+): /.exec(message)?.[1] ??
    imageAsked(message) ??
    /initializing source docker:\/\/(\S+): /.exec(message)?.[1] ??
    (/^(?:unauthorized|denied): |manifest unknown|toomanyrequests|no matching manifest|registry-1\.docker\.io/.test(
      message,
    )
      ? 'the base image'
      : undefined)
  );
}

/** In what an engine asked a registry for, such as `Head "https://ghcr.io/v2/team/base/manifests/1": unauthorized`. */
function imageAsked(message: string): string | undefined {
  const [, host, name, reference] =
    /^(?:Head|Get) "?https?:\/\/([^/"]+)\/v2\/(?:([^"]+)\/manifests\/([^/":]+(?::[0-9a-f]+)?))?"?: /.exec(message) ??
    [];
  if (host === undefined) return undefined;
  if (name === undefined || reference === undefined) return `an image of ${host}`;
  return `${host}/${name}${reference.includes(':') ? '@' : ':'}${reference}`;
}

function pullFailure(image: string, message: string, platform: string): [code: string, sentence: string] {
  if (/toomanyrequests|rate limit/i.test(message)) {
    return [
      'PCC_IMAGE_PULL_RATE_LIMIT',
      `The registry lets this machine pull no more for now, so ${image} could not be fetched. Build again later, or let the engine use a mirror.`,
    ];
  }
  if (/no match for platform|no matching manifest|does not match the specified platform/i.test(message)) {
    return [
      'PCC_INVALID_IMAGE_PLATFORM',
      `${image} does not exist for ${platform}, for which this worker builds. Start FROM an image that does.`,
    ];
  }
  if (
    /denied|unauthorized|forbidden|authentication required|no basic auth|authorization failed|insufficient_scope/i.test(
      message,
    )
  ) {
    return [
      'PCC_IMAGE_PULL_UNAUTHORIZED',
      `${image} does not exist, or its registry does not let this build have it. Name an image pull secret set that may: --build-credentials, or [build] image_credentials in pcc-deploy.toml. Or check the name in FROM.`,
    ];
  }
  if (/not found|manifest unknown|does not exist/i.test(message)) {
    return ['PCC_IMAGE_NOT_FOUND', `${image} does not exist: check name and tag in FROM.`];
  }
  return [
    'PCC_IMAGE_PULL_UNKNOWN_ERROR',
    `${image} could not be pulled by the worker's container engine: ${shortened(message)}. Can that machine reach the registry? An image that lies on the engine already is used only with PIPECAT_CLOUD_WORKER_BUILD_BASE_IMAGES=local.`,
  ];
}

const named = (step: string | undefined) => (step === undefined ? 'The build' : `Step ${shortened(step)}`);

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
