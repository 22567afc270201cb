import type { Configuration } from 'oidc-provider';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (char) => escapes[char] ?? '');

/** What a browser shows where there is no client to send it back to. No script, no style, nothing from elsewhere. */
export const renderOauthError: NonNullable<Configuration['renderError']> = async (ctx, out) => {
  const { error, error_description: description } = out;
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = `<!doctype html><html lang="en"><title>Signing in failed</title><h1>Signing in failed</h1>
<p>${escapeHtml(description ?? error)}</p><p>Close this page and run the command again.</p></html>`;
};
