import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, Outlet } from '@tanstack/react-router';
import { linkStyle } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { OrgProvider } from './org-context';
import { organizationsQuery } from './organization-queries';

const route = getRouteApi('/signed-in/orgs/$org');

/** Around every page of an organization: says which it is, or that this person does not reach it. */
export function OrganizationFrame() {
  const { org } = route.useParams();
  const organizations = useQuery(organizationsQuery);
  return (
    <Loaded query={organizations} what="your organizations">
      {(all) => {
        const organization = all.find(({ name }) => name === org);
        if (organization) {
          // Another organization is another page: nothing typed or chosen in one goes along to the next.
          return (
            <OrgProvider key={org} organization={organization}>
              <Outlet />
            </OrgProvider>
          );
        }
        return (
          <Page title="You do not reach this organization">
            <Empty title={`There is no organization ${org}, or you are not a member of it`}>
              <p>Ask one of its admins to invite you.</p>
              {all.length > 0 && (
                <ul className="mt-3">
                  {all.map(({ name, verboseName }) => (
                    <li key={name}>
                      <Link to="/orgs/$org" params={{ org: name }} className={linkStyle}>
                        {verboseName}
                      </Link>
                    </li>
                  ))}
                </ul>
              )}
            </Empty>
          </Page>
        );
      }}
    </Loaded>
  );
}
