import type { SecurityFacts } from '@pipecat-cloud/contract/sign-in';
import { useQuery } from '@tanstack/react-query';
import { useTitle } from '../../lib/use-title';
import { Badge } from '../../ui/badge';
import { Failure, Loading } from '../../ui/states';
import { PasskeysCard } from './passkeys-card';
import { PasswordCard } from './password-card';
import { RecoveryCard } from './recovery-card';
import { factsQuery } from './security-queries';
import { SessionsCard } from './sessions-card';

/** How the signed-in person signs in, and where they are signed in. */
export function SecurityPage() {
  useTitle('Security');
  const facts = useQuery(factsQuery);
  return (
    <>
      <div className="mb-6 max-w-2xl">
        <h1 className="text-2xl font-semibold tracking-tight">Security</h1>
        <p className="mt-1 text-muted">How you sign in, and where you are signed in.</p>
      </div>
      {facts.isPending && <Loading what="your security settings" />}
      {facts.isError && <Failure error={facts.error} onRetry={() => facts.refetch()} />}
      {facts.data && (
        <div className="space-y-6">
          <ThisSession facts={facts.data} />
          {facts.data.passkeysOffered && <PasskeysCard />}
          {facts.data.passwords && <PasswordCard facts={facts.data} />}
          {(facts.data.passkeys > 0 || facts.data.hasPassword) && <RecoveryCard facts={facts.data} />}
          <SessionsCard />
        </div>
      )}
    </>
  );
}

function ThisSession({ facts }: { facts: SecurityFacts }) {
  const { secondFactor, oidc, email } = facts;
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-2 text-sm text-muted">
      <Badge tone={secondFactor ? 'good' : 'quiet'}>{secondFactor ? 'Two factors shown' : 'One factor shown'}</Badge>
      <span className="wrap-anywhere">
        Codes go to {email}
        {oidc?.linked && `; ${oidc.label} is linked`}
      </span>
    </p>
  );
}
