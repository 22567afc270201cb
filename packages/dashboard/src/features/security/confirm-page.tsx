import { getRouteApi, Link, useRouter } from '@tanstack/react-router';
import { goOn } from '../../lib/go-on';
import { useTitle } from '../../lib/use-title';
import { Card } from '../../ui/card';
import { StepUpForm } from './step-up-form';

const route = getRouteApi('/signed-in/account/confirm');

/** Where an organization that asks for a second factor sends its people. */
export function ConfirmPage() {
  useTitle('Confirm that it is you');
  const { next } = route.useSearch();
  const router = useRouter();
  return (
    <div className="mx-auto max-w-md">
      <Card title="Confirm that it is you" about="An organization of yours asks for a second factor.">
        <div className="space-y-4 p-4 sm:p-5">
          <StepUpForm secondFactor onDone={() => goOn(router.history, next)} />
          <p className="text-center text-sm text-muted">
            <Link to="/account/security" className="text-accent underline underline-offset-4">
              Your passkeys and other factors
            </Link>
          </p>
        </div>
      </Card>
    </div>
  );
}
