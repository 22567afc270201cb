import { tooManyRequests } from '../errors.js';

interface Limits {
  all: number;
  ofOrganization: number;
}

/** Each costs a connection and reads files; so many are enough for people and for what forwards logs. */
const usual: Limits = { all: 500, ofOrganization: 100 };

/** Counts who follows logs at this moment. */
export function createLogFollowers(limits: Limits = usual) {
  const counts = new Map<string, number>();
  let all = 0;
  return {
    count: () => all,
    /** Call what it returns when the follower is gone. Throws 429 where there are too many. */
    enter(organizationId: string): () => void {
      const own = counts.get(organizationId) ?? 0;
      if (own >= limits.ofOrganization)
        throw tooManyRequests(
          `This organization follows ${own} logs at once, which is as many as it may; end one, or read pages with 'after'`,
          30,
        );
      if (all >= limits.all)
        throw tooManyRequests(
          `This server has ${all} followers of logs, which is as many as it takes; read pages with 'after' meanwhile`,
          30,
        );
      counts.set(organizationId, own + 1);
      all++;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        all--;
        const rest = (counts.get(organizationId) ?? 1) - 1;
        if (rest === 0) counts.delete(organizationId);
        else counts.set(organizationId, rest);
      };
    },
  };
}
export type LogFollowers = ReturnType<typeof createLogFollowers>;
