import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { organizationsQuery } from '../features/organization/organization-queries';
import { buttonLink } from '../ui/link-style';
import { Page } from '../ui/page';
import { Empty, Loaded, Loading } from '../ui/states';

const route = getRouteApi('/signed-in/');

/** Leads to the organization that the address names (`/?org=`, as the command line opens it), else to the person's default. */
export function Home() {
  const organizations = useQuery(organizationsQuery);
  const { org } = route.useSearch();
  return (
    <Loaded query={organizations} what="your organizations">
      {(all) => {
        const chosen = all.find(({ name }) => name === org) ?? all[0];
        if (chosen) return <ToOrganization org={chosen.name} />;
        return (
          <Page title="Welcome">
            <Empty title="You belong to no organization">
              <p className="mb-4">Ask an admin of one to invite you, or make one of your own.</p>
              <Link to="/account/new-organization" className={buttonLink}>
                New organization
              </Link>
            </Empty>
          </Page>
        );
      }}
    </Loaded>
  );
}

/** Once: while the next page's code is fetched, this one is rendered again and again. */
function ToOrganization({ org }: { org: string }) {
  const router = useRouter();
  useEffect(() => {
    const { hash, pathname } = router.latestLocation;
    // Whoever has gone elsewhere meanwhile stays there.
    if (pathname !== '/') return;
    void router.navigate({ to: '/orgs/$org', params: { org }, hash, replace: true });
  }, [router, org]);
  return <Loading what="the overview" />;
}
