import { type Principal, tokenOf } from '../access/principal.js';
import type { Repositories } from '../db/store.js';
import { type AppError, badRequest, conflict, forbidden } from '../errors.js';
import { isLive, stateOf } from './present-token.js';
import type { StoredToken } from './stored-token.js';

type TokenRepositories = Pick<Repositories, 'tokens'>;

/** Deeper than anybody needs, shallow enough to end a whole tree at once. */
const maxDepth = 5;

/** The token that another is about to be derived from, locked. Throws 409 for one that is not in use, 400 where it goes too deep. */
export async function requireParent(repos: TokenRepositories, id: string, now: Date): Promise<StoredToken> {
  const parent = await requireInUse(repos, id, now);
  if ((await lineOf(repos, parent)).length > maxDepth)
    throw badRequest(`A token may be derived at most ${maxDepth} times over; derive from one nearer to the first`);
  return parent;
}

/**
 * The parent of what a caller is about to make: a derived token is itself that, so that nothing which it makes outlives what it came
 * from. Throws 409 where the caller's own token has ended meanwhile.
 */
export async function parentOfMade(
  repos: TokenRepositories,
  principal: Principal,
  now: Date,
): Promise<{ parentId?: string }> {
  const maker = tokenOf(principal);
  if (!maker) return {};
  if (maker.parentId !== null) return { parentId: (await requireParent(repos, maker.id, now)).id };
  await requireInUse(repos, maker.id, now);
  return {};
}

/** A derived token gets no hold of what would outlive it: it derives from and rotates only itself and what came from it. Throws 403. */
export async function requireOwnLine(
  repos: TokenRepositories,
  principal: Principal,
  token: StoredToken,
): Promise<void> {
  const caller = tokenOf(principal);
  if (!caller || caller.parentId === null || (await lineOf(repos, token)).includes(caller.id)) return;
  throw forbidden(
    'missing_permission',
    'A derived token may derive from and rotate only itself and what was derived from it: for others use the token that it comes from, or sign in',
  );
}

export function notInUse(token: StoredToken, now: Date): AppError {
  const state = stateOf(token, now);
  return conflict(
    state === 'pending'
      ? `The token '${token.name}' was not used yet: use it first, or rotate the one it takes the place of again for a fresh secret`
      : `The token '${token.name}' is ${state}`,
  );
}

async function requireInUse(repos: TokenRepositories, id: string, now: Date): Promise<StoredToken> {
  await repos.tokens.lock(id);
  const token = (await repos.tokens.find(id)) as StoredToken;
  if (!isLive(token, now) || stateOf(token, now) === 'pending') throw notInUse(token, now);
  return token;
}

/** Ids of the token and of all that it was derived from, upwards. */
async function lineOf(repos: TokenRepositories, token: StoredToken): Promise<string[]> {
  const line: string[] = [];
  for (let at: StoredToken | undefined = token; at; at = at.parentId ? await repos.tokens.find(at.parentId) : undefined)
    line.push(at.id);
  return line;
}
