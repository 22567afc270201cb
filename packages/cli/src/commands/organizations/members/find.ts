import type { Client } from '@pipecat-cloud/contract/client';
import type { Member } from '@pipecat-cloud/contract/members';
import { notFound } from '../../../lib/errors.js';

/** By e-mail address, whatever its case, or by id. */
export async function findMember(api: Client, org: string, wanted: string): Promise<Member> {
  const { members } = await api.listMembers(org);
  const found = members.find(({ userId, email }) => userId === wanted || email.toLowerCase() === wanted.toLowerCase());
  if (found) return found;
  throw notFound(`No member '${wanted}' in ${org}.`, `'organizations members list' shows who there is.`);
}
