import { DriverError } from '../driver.js';
import type { ImageReference } from './image-reference.js';

interface Kind {
  code: string;
  /** In the words of engines and registries. */
  pattern: RegExp;
  say: (image: string, reference: ImageReference) => string;
}

/** The first that fits counts: engines wrap one message into another. */
const kinds: Kind[] = [
  {
    code: 'PCC_IMAGE_PULL_RATE_LIMIT',
    pattern: /toomanyrequests|too many requests|rate limit|\b429\b/i,
    say: (image, { registry }) =>
      `The registry ${registry} refuses to hand out '${image}' for now: its rate limit is reached. Deploy with an image pull secret, whose limit is higher, or wait`,
  },
  {
    code: 'PCC_IMAGE_TOO_LARGE',
    pattern: /no space left on device|disk quota exceeded/i,
    say: (image) =>
      `The disk of the worker's machine has no room for the image '${image}'. Make the image smaller, or free space (docker system df shows what takes it)`,
  },
  {
    code: 'PCC_INVALID_IMAGE_PLATFORM',
    pattern:
      /no matching manifest|no image found in manifest list|does not match the specified platform|image operating system|cannot be used on this platform|no match for platform|exec format error/i,
    say: (image) => `The image '${image}' is not made for the platform of the worker`,
  },
  {
    // Registries that hide what a caller may not see say this for images that don't exist, too.
    code: 'PCC_IMAGE_PULL_UNAUTHORIZED',
    pattern:
      /pull access denied|unauthorized|authentication required|no basic auth credentials|\bdenied\b|forbidden|\b40[13]\b/i,
    say: (image, { registry }) =>
      `The registry ${registry} does not let '${image}' be pulled: it needs an image pull secret that may read it, or there is no such image`,
  },
  {
    code: 'PCC_IMAGE_NOT_FOUND',
    pattern:
      /manifest unknown|manifest for .* not found|not found|name unknown|repository name not known|does not exist|no such image|invalid reference format|\b404\b/i,
    say: (image, { registry }) =>
      `There is no image '${image}' at ${registry}. Look at its name and tag, and whether it was pushed`,
  },
];

/** The platform's code and sentence (contract §2.1) for what an engine said of a pull. `words` holds no credential: engines never repeat them. */
export function pullError(image: string, reference: ImageReference, words: string, cause?: unknown): DriverError {
  const kind = kinds.find(({ pattern }) => pattern.test(words));
  const said = words.trim().slice(0, 500);
  if (kind) return new DriverError(kind.code, `${kind.say(image, reference)}. The engine says: ${said}`, { cause });
  return new DriverError('PCC_IMAGE_PULL_UNKNOWN_ERROR', `The image '${image}' could not be pulled: ${said}`, {
    cause,
  });
}
