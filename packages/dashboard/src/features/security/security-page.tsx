import type { SecurityFacts } from '@pipecat-cloud/contract/sign-in';
import { useQuery } from '@tanstack/react-query';
import { Badge } from '../../ui/badge';
import { Page } from '../../ui/page';
import { Loaded } from '../../ui/states';
import { PasskeysCard } from './passkeys-card';
import { PasswordCard } from './password-card';
import { RecoveryCard } from './recovery-card';
import { factsQuery } from './security-queries';
import { SessionsCard } from './sessions-card';

/** How the signed-in person signs in, and where they are signed in. */
export function SecurityPage() {
  const facts = useQuery(factsQuery);
  return (
    <Page title="Security" about="How you sign in, and where you are signed in.">
      <Loaded query={facts} what="your security settings">
        {(data) => (
          <>
            <ThisSession facts={data} />
            {data.passkeysOffered && <PasskeysCard />}
            {data.passwords && <PasswordCard facts={data} />}
            {(data.passkeys > 0 || data.hasPassword) && <RecoveryCard facts={data} />}
            <SessionsCard />
          </>
        )}
      </Loaded>
    </Page>
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
