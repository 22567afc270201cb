import type { Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { minute } from '../../lib/format.js';
import type { Colours } from '../../lib/text.js';
import { ago, endOf, grantText, hasEnded, left, shortId, stateText } from './token-view.js';

export interface TokenTableOptions {
  /** A column that says whose each token is. */
  owners?: boolean;
  /** The organization's policy asks for an approval first, so one that is still open keeps the token out. */
  approvals?: boolean;
}

interface Column {
  heading: string;
  cell(token: Token): string;
  paint?(text: string, token: Token): string;
}

/** Terminals narrower than this show owners in place of grants, where both are wanted. */
const wide = 100;

/** The one table of tokens, whatever command shows it. */
export function tokenTable(context: CommandContext, tokens: readonly Token[], options: TokenTableOptions = {}): string {
  const now = new Date();
  const { colours, width } = context;
  const { dim, green, yellow } = colours;
  const ids = uniqueIds(tokens.map(({ id }) => id));
  const columns: Column[] = [
    // Whole where it is not for the eye: scripts cut columns out of this.
    { heading: 'ID', cell: ({ id }) => (width === undefined ? id : (ids.get(id) ?? id)) },
    { heading: 'NAME', cell: ({ name }) => name },
    ...(options.owners ? [{ heading: 'OWNER', cell: ({ owner }: Token) => owner.name }] : []),
    {
      heading: 'STATE',
      cell: (token) => stateText(token, options.approvals),
      paint: (text, token) => (stateText(token, options.approvals) === 'active' ? green(text) : yellow(text)),
    },
    {
      heading: 'ENDS IN',
      cell: (token) => left(token, now),
      paint: (text, token) => paintEnd(text, token, now, colours),
    },
    ...(options.owners && width !== undefined && width < wide ? [] : [{ heading: 'GRANT', cell: grantText }]),
    width === undefined
      ? { heading: 'LAST USED (UTC)', cell: ({ lastUsedAt }) => (lastUsedAt ? minute(lastUsedAt) : 'never') }
      : { heading: 'LAST USED', cell: ({ lastUsedAt }) => ago(lastUsedAt, now) },
  ];
  return context.table(
    columns.map(({ heading }) => heading),
    tokens.map((token) => columns.map(({ cell }) => cell(token))),
    {
      paint: (text, row, column) => {
        const token = tokens[row];
        if (!token) return text;
        return hasEnded(token) ? dim(text) : (columns[column]?.paint?.(text, token) ?? text);
      },
    },
  );
}

function paintEnd(text: string, token: Token, now: Date, { red, yellow }: Colours): string {
  const end = endOf(token);
  const days = end === null ? Infinity : (Date.parse(end) - now.getTime()) / 86_400_000;
  return days < 7 ? red(text) : days < 30 ? yellow(text) : text;
}

/** The shortest beginnings, of at least eight characters, that tell these ids apart. */
function uniqueIds(ids: readonly string[]): Map<string, string> {
  const shorten = (id: string) => {
    let length = shortId(id).length;
    while (length < id.length && ids.some((other) => other !== id && other.startsWith(id.slice(0, length)))) length++;
    return id.slice(0, length);
  };
  return new Map(ids.map((id) => [id, shorten(id)]));
}
