import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { organizationsQuery } from '../features/organization/organization-queries';
import { chooseTheme, chosenTheme, type Theme, themes } from '../lib/theme';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import { Logo } from '../ui/logo';
import { useCurrentOrganization } from './current-org';
import { accountGroup, installationGroup, type NavGroup, organizationGroups } from './navigation';
import { OrganizationSwitcher } from './organization-switcher';
import { useSignOut } from './use-sign-out';

/** All that stands beside a page: organization, navigation, who is signed in. `onGo` is called when it led somewhere. */
export function Sidebar({ email, onGo }: { email: string; onGo?: () => void }) {
  const current = useCurrentOrganization();
  const ownsSomething = useQuery(organizationsQuery).data?.some(({ role }) => role === 'owner');
  const { pathname } = useLocation();
  const nav = useRef<HTMLElement>(null);
  // Where there is no room for all of it, the page that is open is in view.
  useEffect(() => {
    if (pathname) nav.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest' });
  }, [pathname]);
  return (
    <div className="flex min-h-full flex-col gap-4 p-4 pb-0">
      <Link to="/" className="flex items-center gap-2.5 font-semibold" onClick={onGo}>
        <Logo />
        Pipecat Cloud
      </Link>
      <OrganizationSwitcher onChosen={onGo} />
      <nav ref={nav} aria-label="Main" className="flex-1 space-y-4">
        {current &&
          organizationGroups.map((group) => <Group key={group.title} group={group} org={current.name} onGo={onGo} />)}
        <Group group={accountGroup} org="" onGo={onGo} />
        {ownsSomething && <Group group={installationGroup} org="" onGo={onGo} />}
      </nav>
      <Foot email={email} />
    </div>
  );
}

function Group({ group, org, onGo }: { group: NavGroup; org: string; onGo?: (() => void) | undefined }) {
  return (
    <div>
      <p className="mb-1 px-2.5 text-xs font-medium text-muted">{group.title}</p>
      <ul>
        {group.links.map(({ to, label, icon, exact = false }) => (
          <li key={to}>
            <Link
              to={to}
              params={{ org }}
              onClick={onGo}
              activeOptions={{ exact, includeSearch: false }}
              className="flex scroll-mb-36 items-center gap-2.5 rounded-lg px-2.5 py-1.5 text-sm text-muted hover:bg-sunken hover:text-ink aria-[current=page]:bg-sunken aria-[current=page]:font-medium aria-[current=page]:text-ink"
            >
              <Icon name={icon} />
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Foot({ email }: { email: string }) {
  const signOut = useSignOut();
  return (
    <div className="sticky bottom-0 -mx-4 space-y-3 border-t border-line bg-card px-4 py-4">
      <ThemeChoice />
      <div className="flex items-center justify-between gap-2">
        <span className="min-w-0 truncate text-sm text-muted" title={`Signed in as ${email}`}>
          {email}
        </span>
        <Button busy={signOut.isPending} onClick={() => signOut.mutate()} className="shrink-0">
          Sign out
        </Button>
      </div>
      {signOut.isError && (
        <p role="alert" className="text-sm text-bad">
          {signOut.error.message}
        </p>
      )}
    </div>
  );
}

const themeWords: Readonly<Record<Theme, string>> = { system: 'System', light: 'Light', dark: 'Dark' };

function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <label className="flex items-center justify-between gap-2 text-sm text-muted">
      Appearance
      <select
        value={theme}
        onChange={(event) => {
          const chosen = event.target.value as Theme;
          chooseTheme(chosen);
          setTheme(chosen);
        }}
        className="rounded-lg border border-strong-line bg-card px-2 py-1 text-ink"
      >
        {themes.map((value) => (
          <option key={value} value={value}>
            {themeWords[value]}
          </option>
        ))}
      </select>
    </label>
  );
}
