import type { Token } from '@pipecat-cloud/contract/tokens';
import { CreateTokenDialog, DeriveTokenDialog } from './create-token-dialog';
import { RevokeTokenDialog } from './revoke-token-dialog';
import { RotateTokenDialog } from './rotate-token-dialog';
import { draftOf } from './token-draft';
import type { TokenSource } from './token-source';

/** What somebody has begun to do with a token. */
export interface Doing {
  what: 'rotate' | 'derive' | 'narrow' | 'shrink' | 'revoke';
  token: Token;
}

interface TokenDialogsProps {
  source: TokenSource;
  doing: Doing | undefined;
  /** For the snippets of a token that is bound to none. */
  organization: string | undefined;
  onClose: () => void;
}

export function TokenDialogs({ source, doing, organization, onClose }: TokenDialogsProps) {
  if (!doing) return null;
  const { what, token } = doing;
  const common = { source, organization, onClose };
  if (what === 'rotate') return <RotateTokenDialog {...common} token={token} />;
  if (what === 'derive') return <DeriveTokenDialog {...common} parent={token} />;
  if (what === 'revoke') return <RevokeTokenDialog {...common} token={token} />;
  const like = draftOf(token.grant);
  if (what === 'shrink') {
    const initial = {
      ...like,
      name: token.name,
      access: 'exact',
      permissions: token.permissionUse?.used ?? [],
    } as const;
    return <CreateTokenDialog {...common} initial={initial} inPlaceOf={token.name} />;
  }
  // Acting as its owner is what one wants less of: begin with what CI needs.
  const access = like.access === 'everything' ? 'deploy' : 'exact';
  return <CreateTokenDialog {...common} initial={{ ...like, name: token.name, access }} />;
}
