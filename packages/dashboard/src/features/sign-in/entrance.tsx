import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Logo } from '../../ui/logo';

/** The way on from a link that is not whole, not open any more, or not wanted. */
export function SignInInstead() {
  return (
    <Link to="/sign-in" search={{ next: '/' }} className="text-sm text-accent underline underline-offset-4">
      Sign in instead
    </Link>
  );
}

/** The frame of the pages before signing in. */
export function Entrance({ title, about, children }: { title: string; about: ReactNode; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center px-4 py-10">
      <p className="mb-5 flex items-center justify-center gap-2.5 text-lg font-semibold">
        <Logo />
        Pipecat Cloud
      </p>
      <div className="rounded-xl border border-line bg-card p-5 sm:p-7">
        <h1 className="text-xl font-semibold">{title}</h1>
        <div className="mt-1.5 mb-5 text-sm text-muted">{about}</div>
        {children}
      </div>
      <p className="mt-5 text-center text-xs text-muted">Running on your own machines</p>
    </main>
  );
}
