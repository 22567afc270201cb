import { getRouteApi, Link, useRouter } from '@tanstack/react-router';
import { goOn } from '../../lib/go-on';
import { Panel } from '../../ui/card';
import { Page } from '../../ui/page';
import { StepUpForm } from './step-up-form';

const route = getRouteApi('/signed-in/account/confirm');

/** Where an organization that asks for a second factor sends its people. */
export function ConfirmPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  function done() {
    // Whoever has gone elsewhere meanwhile stays there.
    if (router.latestLocation.pathname === '/account/confirm') goOn(router.history, next);
  }
  return (
    <div className="mx-auto max-w-md">
      <Page title="Confirm that it is you" about="An organization of yours asks for a second factor.">
        <Panel>
          <div className="space-y-4 p-4 sm:p-5">
            <StepUpForm secondFactor onDone={done} />
            <p className="text-center text-sm text-muted">
              <Link to="/account/security" className="text-accent underline underline-offset-4">
                Your passkeys and other factors
              </Link>
            </p>
          </div>
        </Panel>
      </Page>
    </div>
  );
}
