import { formatToken, tokenPrefixes } from '@pipecat-cloud/contract/token-format';

const vectorDigits = '0123456789abcdef0123456789abcdef01234567';
const hex = '[0-9a-f]';
const kinds = [
  ['personal', 'personal access token', 'secret'],
  ['serviceAccount', "a service account's token", 'secret'],
  ['ci', 'token of one CI job, 15 minutes', 'secret'],
  ['oauth', 'access token of auth login', 'secret'],
  ['private', 'private API key', 'secret'],
  ['public', 'public API key, meant to be seen in pages and apps', 'public'],
] as const;

/** What `/.well-known/pipecat-credentials` says: enough to write a scanner and to know what happens to what it finds. */
export function credentialFormat(publicUrl: string) {
  return {
    issuer: publicUrl,
    credentials: kinds.map(([kind, description, visibility]) => {
      const prefix = tokenPrefixes[kind];
      return {
        kind,
        description,
        visibility,
        prefix,
        length: prefix.length + 48,
        // No look-ahead: engines such as RE2 have none.
        regex: `${prefix}${hex}{48}`,
        example: formatToken(kind, vectorDigits),
      };
    }),
    legacy: {
      description:
        'Imported personal access tokens: 32 digits without a checksum; match only where no further digit follows',
      regex: `pcc_pat_${hex}{32}`,
      length: 40,
    },
    regex: `(?:pcc_pat_(?:sa_|ci_)?|pcc_oat_|sk_|pk_)${hex}{48}`,
    checksum: {
      algorithm: 'CRC-32 (IEEE 802.3, as zlib)',
      over: 'ASCII of everything before the last eight characters, prefix included',
      encoding: 'eight lower-case hexadecimal digits, zero padded, at the end',
      note: 'Other vendors use sk_ and pk_ too: without the right checksum it is not ours',
      testVectors: kinds.map(([kind]) => formatToken(kind, vectorDigits)),
    },
    report: {
      url: `${publicUrl}/v1/credentials/revoke`,
      method: 'POST',
      body: { credentials: ['<value>'], reporter: '<optional>', url: '<optional>', notes: '<optional>' },
      limits: { credentials: 1000, bytes: reportLimitBytes },
      effect:
        'Needs no sign-in. Every live secret credential in the report is revoked at once, with what was derived from it, and its owner is told. Public keys stay. Do not use this to test whether a credential is live.',
    },
    verify: {
      url: `${publicUrl}/v1/users`,
      method: 'GET',
      header: 'Authorization: Bearer <value>',
      effect: 'Changes nothing. 200 for a live token; 401 for one that is not. For pcc_ tokens only.',
    },
  };
}
export type CredentialFormat = ReturnType<typeof credentialFormat>;

/** A thousand values of the greatest length, and the reporter's words. */
export const reportLimitBytes = 512 * 1024;

/** The same for people, as one page without script or style from elsewhere. */
export function formatPage(format: CredentialFormat): string {
  const rows = format.credentials
    .map(
      ({ description, prefix, length, example }) =>
        `<tr><td>${escapeHtml(description)}</td><td><code>${escapeHtml(prefix)}</code></td><td>${length}</td><td><code>${escapeHtml(example)}</code></td></tr>`,
    )
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Credentials of this server</title></head>
<body>
<h1>Credentials of ${escapeHtml(format.issuer)}</h1>
<p>If you found one of these in the open, please report it. Whoever holds a credential may end it: no account is needed.</p>
<pre>curl -X POST ${escapeHtml(format.report.url)} -H 'content-type: application/json' --data @report.json</pre>
<p>where report.json is <code>{"credentials": ["…"], "url": "where you found it"}</code>, with up to ${format.report.limits.credentials} values. ${escapeHtml(format.report.effect)}</p>
<h2>Format</h2>
<table border="1" cellpadding="6">
<tr><th>Kind</th><th>Prefix</th><th>Length</th><th>Example (never made by any server)</th></tr>
${rows}
</table>
<p>Regular expression: <code>${escapeHtml(format.regex)}</code></p>
<p>Checksum: ${escapeHtml(format.checksum.algorithm)} over the ${escapeHtml(format.checksum.over)}; ${escapeHtml(format.checksum.encoding)}. ${escapeHtml(format.checksum.note)}.</p>
<p>${escapeHtml(format.legacy.description)}: <code>${escapeHtml(format.legacy.regex)}</code></p>
<p>The same as JSON: request this address with <code>Accept: application/json</code>.</p>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
